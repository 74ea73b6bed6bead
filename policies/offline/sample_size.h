#pragma once

#include <cstdint>

#include "agent/core/result.h"
#include "policies/offline/comparison.h"

namespace pareto::offline {

enum class Metric {
  success,       // effect: a difference, 0.05 for 5 points
  log_cost,      // effect: a relative cut, 0.2 for a fifth cheaper
  cost_of_pass,  // likewise
};

struct PlanOptions {
  CostView cost = CostView::list;
  double confidence = 0.95;
  double power = 0.8;
  // How many times as many repeats as the pilot; other than 1 needs a pilot with repeats, and is
  // not known for cost-of-pass.
  double repeats = 1;
};

struct SamplePlan {
  int pilot_tasks = 0;
  double paired_variance = 0;  // of one task
  std::int64_t paired_tasks = 0;
  std::int64_t unpaired_tasks = 0;  // for each of the two arms, when they don't share tasks
};

// Tasks for a two-sided test of `difference`: (z_{1-alpha/2} + z_power)^2 * variance / difference^2
// (Miller 2024, arXiv 2411.00640, section 5), rounded up, at least 2.
std::int64_t tasks_needed(double variance, double difference, double confidence, double power);

// From what a pilot of two arms shows. Log differences are those of the cut: log(1 - effect).
// Errors: those of compare(); invalid for an effect outside (0, 1), fewer than two usable pairs, or
// repeats that the pilot can't tell of.
Result<SamplePlan> plan_sample(const ResultTable& pilot, const ArmId& arm, const ArmId& baseline,
                               Metric metric, double effect, const PlanOptions& options = {});

}  // namespace pareto::offline
