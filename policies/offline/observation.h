#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/core/money.h"

namespace pareto::offline {

// A way of working as it was asked for: "agentic" or "auto", with a model.
struct ArmId {
  std::string mode;
  std::string model;

  std::string name() const { return mode + "/" + model; }
  friend auto operator<=>(const ArmId&, const ArmId&) = default;
};

enum class Ending {
  success,
  failure,
  infrastructure_error,  // says nothing of the agent: a server that was down, a full disk
};

// Which cost: at the price table with cached tokens at their lower price; what the provider
// charged; or as if no token had come from a cache. Caching hides differences and depends on the
// order of runs, so reports show them side by side.
enum class CostView { list, billed, without_cache };
inline constexpr std::array kCostViews{CostView::list, CostView::billed, CostView::without_cache};
const char* to_string(CostView view);

// One run of one task: what a row of results comes to.
struct Observation {
  std::string task;
  std::string task_class;
  ArmId arm;
  std::int64_t repeat = 0;
  std::optional<double> score;  // 0..1; absent: nobody scored it, and the ending decides
  Ending ending = Ending::failure;
  // Absent: unknown, which is not zero.
  std::optional<Money> list_cost;
  std::optional<Money> billed_cost;
  std::optional<Money> cost_without_cache;
  std::int64_t prompt_tokens = 0;  // includes the cached ones
  std::int64_t cached_tokens = 0;
  std::int64_t completion_tokens = 0;
  double seconds = 0;
  std::int64_t turns = 0;

  friend bool operator==(const Observation&, const Observation&) = default;
};

// 0..1: the score; without one 1 for an ending in success. An infrastructure error is 0.
double success_of(const Observation& observation);
const std::optional<Money>& cost_of(const Observation& observation, CostView view);

}  // namespace pareto::offline
