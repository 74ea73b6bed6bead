#include "policies/offline/comparison.h"

#include <fmt/format.h>

#include "policies/offline/correlation.h"
#include "policies/offline/cost_difference.h"
#include "policies/offline/multiple_testing.h"
#include "policies/offline/paired_mean.h"
#include "policies/offline/pairing.h"
#include "policies/offline/proportion.h"

namespace pareto::offline {
namespace {

void compare_success(const std::vector<Pair>& pairs, const CompareOptions& options,
                     Comparison& comparison) {
  SuccessDifference& success = comparison.success;
  std::vector<TaskMoment> moments;
  std::vector<double> values;
  std::vector<double> of_arm;
  std::vector<double> of_baseline;
  const auto count = static_cast<double>(pairs.size());
  for (const Pair& pair : pairs) {
    of_arm.push_back(pair.arm->mean_success());
    of_baseline.push_back(pair.baseline->mean_success());
    success.arm += pair.arm->mean_success() / count;
    success.baseline += pair.baseline->mean_success() / count;
    moments.push_back(success_moment(pair));
    values.push_back(moments.back().mean);
  }
  const PairedMean mean = paired_mean(values, cluster_numbers(pairs, options.clusters));
  success.difference = {.value = mean.mean,
                        .interval = difference_interval(mean, options.confidence)};
  success.correlation = correlation(of_arm, of_baseline).value_or(0);
  success.p = success.holm_p = difference_p(mean);
  success.non_inferiority_p = success.holm_non_inferiority_p =
      non_inferiority_p(mean, options.margin);
  comparison.success_split = split_variance(moments);
}

std::optional<McNemar> mcnemar(const std::vector<Pair>& pairs) {
  McNemar result;
  for (const Pair& pair : pairs) {
    const bool once_each = pair.arm->counted == 1 && pair.baseline->counted == 1 &&
                           pair.arm->graded == 0 && pair.baseline->graded == 0;
    if (!once_each) return std::nullopt;
    result.only_arm += pair.arm->successes > pair.baseline->successes ? 1 : 0;
    result.only_baseline += pair.arm->successes < pair.baseline->successes ? 1 : 0;
  }
  result.p = mcnemar_exact(result.only_arm, result.only_baseline);
  return result;
}

Result<std::size_t> find(const ResultTable& table, const ArmId& arm) {
  if (const auto found = table.find(arm)) return *found;
  std::string names;
  for (const ArmId& known : table.arms()) names += (names.empty() ? "" : ", ") + known.name();
  return fail(
      ErrorCode::not_found,
      fmt::format("expected an arm that the results have ({}), found '{}'", names, arm.name()));
}

Comparison compare_pairs(Pairing pairing, const ArmId& arm, const ArmId& baseline,
                         const CompareOptions& options, Random& random) {
  Comparison comparison{.arm = arm,
                        .baseline = baseline,
                        .tasks = static_cast<int>(pairing.pairs.size()),
                        .dropped = std::move(pairing.dropped)};
  compare_success(pairing.pairs, options, comparison);
  comparison.mcnemar = mcnemar(pairing.pairs);
  if (auto cost = compare_costs(pairing.pairs, options, random)) {
    comparison.cost = std::move(cost->difference);
    comparison.cost->holm_p = comparison.cost->p;
    comparison.cost_split = std::move(cost->split);
  }
  conclude(comparison, options);
  return comparison;
}

// Adjusts one p of every comparison that has it.
template <class Read, class Write>
void adjust(std::vector<Comparison>& comparisons, Read read, Write write) {
  std::vector<double> raw;
  for (const Comparison& comparison : comparisons) raw.push_back(read(comparison));
  const std::vector<double> adjusted = holm(raw);
  for (std::size_t i = 0; i < comparisons.size(); ++i) write(comparisons[i], adjusted[i]);
}

}  // namespace

Result<Comparison> compare(const ResultTable& table, const ArmId& arm, const ArmId& baseline,
                           const CompareOptions& options, Random& random) {
  const auto arm_index = find(table, arm);
  if (!arm_index) return std::unexpected(arm_index.error());
  const auto baseline_index = find(table, baseline);
  if (!baseline_index) return std::unexpected(baseline_index.error());
  if (arm == baseline) {
    return fail(ErrorCode::invalid, fmt::format("expected two arms, found '{}' twice", arm.name()));
  }
  Pairing pairing = pair_up(table, *arm_index, *baseline_index);
  if (pairing.pairs.empty()) {
    return fail(ErrorCode::invalid,
                fmt::format("expected a task that both '{}' and '{}' ran, found none; run the "
                            "baseline on the same suite",
                            arm.name(), baseline.name()));
  }
  return compare_pairs(std::move(pairing), arm, baseline, options, random);
}

Result<std::vector<Comparison>> compare_all(const ResultTable& table, const ArmId& baseline,
                                            const CompareOptions& options, Random& random) {
  const auto baseline_index = find(table, baseline);
  if (!baseline_index) return std::unexpected(baseline_index.error());
  std::vector<Comparison> comparisons;
  for (std::size_t arm = 0; arm < table.arms().size(); ++arm) {
    if (arm == *baseline_index) continue;
    Pairing pairing = pair_up(table, arm, *baseline_index);
    if (pairing.pairs.empty()) continue;
    comparisons.push_back(
        compare_pairs(std::move(pairing), table.arms()[arm], baseline, options, random));
  }
  adjust(
      comparisons, [](const Comparison& each) { return each.success.p; },
      [](Comparison& each, double p) { each.success.holm_p = p; });
  adjust(
      comparisons, [](const Comparison& each) { return each.success.non_inferiority_p; },
      [](Comparison& each, double p) { each.success.holm_non_inferiority_p = p; });
  adjust(
      comparisons, [](const Comparison& each) { return each.cost ? each.cost->p : 1.0; },
      [](Comparison& each, double p) {
        if (each.cost) each.cost->holm_p = p;
      });
  for (Comparison& comparison : comparisons) conclude(comparison, options);
  return comparisons;
}

}  // namespace pareto::offline
