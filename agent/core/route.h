#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/limits.h"
#include "agent/core/money.h"
#include "agent/core/result.h"

namespace pareto {

enum class Mode { instant, reasoning, agentic };
enum class Effort { low, medium, high };

// One way of working on a task, with what the router thought of it.
struct Arm {
  Mode mode = Mode::instant;
  std::string model;
  Effort effort = Effort::low;
  bool eligible = true;
  std::string why;            // why not eligible, or where the estimate comes from
  double success = 0;         // estimated probability of success
  std::optional<Money> cost;  // estimated cost; absent when the price is unknown
  double score = 0;           // value * success - cost, in USD
  double propensity = 0;      // probability that this arm was to be chosen

  std::string name() const;  // "instant/local/low"
  friend bool operator==(const Arm&, const Arm&) = default;
};

// The decision how to work on a task, with everything needed to explain and to replay it.
struct Route {
  Mode mode = Mode::instant;
  std::string model;
  Effort effort = Effort::low;
  Limits limits;
  double propensity = 1;
  bool forced = false;
  std::string kind;    // the task's kind as inferred, never its label
  std::string reason;  // one sentence
  std::vector<Arm> arms;
  std::string features;  // JSON text: name -> value
  std::uint64_t seed = 0;
  std::string policy_version;
  std::string price_version;

  friend bool operator==(const Route&, const Route&) = default;
};

const char* to_string(Mode mode);
Result<Mode> parse_mode(std::string_view text);
const char* to_string(Effort effort);
Result<Effort> parse_effort(std::string_view text);

Json to_json(const Arm& arm);
Json to_json(const Route& route);
Result<Route> route_from_json(const Json& json);

}  // namespace pareto
