#include "policies/offline/sample_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "policies/offline/distributions.h"
#include "policies/offline/pairing.h"

namespace pareto::offline {
namespace {

// What a task adds to the estimate of each arm, up to a constant.
struct Contributions {
  std::vector<double> arm;
  std::vector<double> baseline;
  std::vector<TaskMoment> difference;

  void add(double of_arm, double of_baseline, std::optional<double> repeats) {
    arm.push_back(of_arm);
    baseline.push_back(of_baseline);
    difference.push_back({.mean = of_arm - of_baseline, .variance_of_mean = repeats});
  }
};

double variance(const std::vector<double>& values) {
  std::vector<TaskMoment> moments;
  for (const double value : values) moments.push_back({.mean = value});
  return split_variance(moments).total;
}

bool is_priced(const Pair& pair, CostView view) {
  return pair.arm->priced(view) && pair.baseline->priced(view);
}

Contributions log_costs(const std::vector<Pair>& pairs, CostView view) {
  Contributions result;
  for (const Pair& pair : pairs) {
    if (!is_priced(pair, view)) continue;
    if (pair.arm->mean_cost(view) <= 0 || pair.baseline->mean_cost(view) <= 0) continue;
    result.add(std::log(pair.arm->mean_cost(view)), std::log(pair.baseline->mean_cost(view)),
               log_cost_moment(pair, view).variance_of_mean);
  }
  return result;
}

// The relative residuals of the delta method: cost / mean cost - success / mean success.
Contributions cost_of_pass_parts(const std::vector<Pair>& pairs, CostView view) {
  double arm_usd = 0;
  double arm_passes = 0;
  double baseline_usd = 0;
  double baseline_passes = 0;
  double count = 0;
  for (const Pair& pair : pairs) {
    if (!is_priced(pair, view)) continue;
    ++count;
    arm_usd += pair.arm->mean_cost(view);
    arm_passes += pair.arm->mean_success();
    baseline_usd += pair.baseline->mean_cost(view);
    baseline_passes += pair.baseline->mean_success();
  }
  Contributions result;
  const bool positive = arm_usd > 0 && arm_passes > 0 && baseline_usd > 0 && baseline_passes > 0;
  if (!positive) return result;
  for (const Pair& pair : pairs) {
    if (!is_priced(pair, view)) continue;
    result.add(
        count * (pair.arm->mean_cost(view) / arm_usd - pair.arm->mean_success() / arm_passes),
        count * (pair.baseline->mean_cost(view) / baseline_usd -
                 pair.baseline->mean_success() / baseline_passes),
        std::nullopt);
  }
  return result;
}

Contributions contributions(const std::vector<Pair>& pairs, Metric metric, CostView view) {
  switch (metric) {
    case Metric::log_cost:
      return log_costs(pairs, view);
    case Metric::cost_of_pass:
      return cost_of_pass_parts(pairs, view);
    case Metric::success:
      break;
  }
  Contributions result;
  for (const Pair& pair : pairs) {
    result.add(pair.arm->mean_success(), pair.baseline->mean_success(),
               success_moment(pair).variance_of_mean);
  }
  return result;
}

}  // namespace

std::int64_t tasks_needed(double variance, double difference, double confidence, double power) {
  const double z = normal_quantile(0.5 + confidence / 2) + normal_quantile(power);
  const double tasks = std::ceil(z * z * variance / (difference * difference));
  return static_cast<std::int64_t>(std::clamp(tasks, 2.0, 1e15));
}

Result<SamplePlan> plan_sample(const ResultTable& pilot, const ArmId& arm, const ArmId& baseline,
                               Metric metric, double effect, const PlanOptions& options) {
  if (!(effect > 0 && effect < 1)) {
    return fail(ErrorCode::invalid,
                fmt::format("expected an effect between 0 and 1 such as 0.1, found {}", effect));
  }
  const auto arm_index = pilot.find(arm);
  const auto baseline_index = pilot.find(baseline);
  if (!arm_index || !baseline_index) {
    return fail(ErrorCode::not_found, fmt::format("expected two arms of the pilot, found no '{}'",
                                                  (arm_index ? baseline : arm).name()));
  }
  const Pairing pairing = pair_up(pilot, *arm_index, *baseline_index);
  const Contributions parts = contributions(pairing.pairs, metric, options.cost);
  if (parts.arm.size() < 2) {
    return fail(ErrorCode::invalid,
                fmt::format("expected at least 2 tasks with {} in both arms, found {}; run a "
                            "larger pilot",
                            metric == Metric::success ? "results" : "results and costs above 0",
                            parts.arm.size()));
  }
  const VarianceSplit split = split_variance(parts.difference);
  SamplePlan plan{.pilot_tasks = split.tasks, .paired_variance = split.total};
  if (options.repeats != 1) {
    if (!split.repeats_part || !(options.repeats > 0)) {
      return fail(ErrorCode::invalid,
                  "expected a pilot with repeats of success or cost and a factor above 0, since "
                  "more repeats are planned; found none");
    }
    plan.paired_variance = *split.tasks_part + *split.repeats_part / options.repeats;
  }
  const double difference = metric == Metric::success ? effect : std::log(1 - effect);
  plan.paired_tasks =
      tasks_needed(plan.paired_variance, difference, options.confidence, options.power);
  plan.unpaired_tasks = tasks_needed(variance(parts.arm) + variance(parts.baseline), difference,
                                     options.confidence, options.power);
  return plan;
}

}  // namespace pareto::offline
