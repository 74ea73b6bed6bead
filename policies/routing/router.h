#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/core/money.h"
#include "agent/core/ports.h"
#include "policies/routing/estimate.h"

namespace pareto {

struct RouterOptions {
  Money quality_weight = Money::nanos(50'000'000);  // V: what a success is worth
  double exploration = 0.05;        // probability that is shared by all eligible arms
  double exploration_floor = 0.01;  // the least probability of an eligible arm
  EvidenceWeights evidence;
  std::vector<KindOutcomes> outcomes;     // learned: how runs of each kind went
  std::int64_t brief_bytes = 24 * 1024;   // what a call without tools shows of files and corpus
  std::vector<std::string> local_models;  // the only ones that a sensitive task may use
  std::string policy_version = "prior/1";
};

// Chooses among mode x model by expected net value: V * p(success) - cost, with p from a table of
// priors and the runs of similar tasks as pseudo-outcomes, and a little exploration that is logged.
//
// - The label of a task is never read.
// - An arm that can't work (files that don't fit, an unknown price under a budget, ...) is kept in
//   the route with the reason and propensity 0.
// - The same question and seed give the same route.
class PriorRouter final : public Router {
 public:
  explicit PriorRouter(RouterOptions options = {});

  // Errors: `invalid` for a forced model that is not configured or when nothing is configured,
  // `limit` when only limits stand in the way, otherwise `invalid`; with the reason of each arm.
  Result<Route> route(const Question& question, std::uint64_t seed) const override;

 private:
  RouterOptions options_;
};

// Names the prices of these models: changes when a price, a name or the order changes.
std::string price_version(std::span<const ModelInfo> models);

}  // namespace pareto
