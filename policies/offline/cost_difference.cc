#include "policies/offline/cost_difference.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "policies/offline/distributions.h"
#include "policies/offline/paired_mean.h"
#include "policies/offline/resampling.h"

namespace pareto::offline {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// One cluster of pairs, or a sum of them: means over repeats, summed over tasks.
struct Sums {
  double arm_usd = 0;
  double arm_passes = 0;
  double baseline_usd = 0;
  double baseline_passes = 0;

  Sums& operator+=(const Sums& other) {
    arm_usd += other.arm_usd;
    arm_passes += other.arm_passes;
    baseline_usd += other.baseline_usd;
    baseline_passes += other.baseline_passes;
    return *this;
  }
};

double ratio_of_totals(const Sums& sums) {
  if (sums.baseline_usd > 0) return sums.arm_usd / sums.baseline_usd;
  return sums.arm_usd > 0 ? kInfinity : 1;
}

// Infinite when the arm passed nothing, 0 when the baseline did; undefined when neither passed, or
// the baseline's passes were free.
double cost_of_pass_ratio(const Sums& sums) {
  if (sums.arm_passes <= 0 && sums.baseline_passes <= 0) return kNaN;
  if (sums.arm_passes <= 0) return kInfinity;
  if (sums.baseline_passes <= 0) return 0;
  if (sums.baseline_usd <= 0) return kNaN;
  return ratio_of_totals(sums) * sums.baseline_passes / sums.arm_passes;
}

std::vector<Sums> sums_of(const std::vector<Pair>& pairs, const CompareOptions& options) {
  std::vector<Sums> sums;
  const std::vector<std::size_t> numbers = cluster_numbers(pairs, options.clusters);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    sums.resize(std::max(sums.size(), numbers[i] + 1));
    sums[numbers[i]] += {.arm_usd = pairs[i].arm->mean_cost(options.cost),
                         .arm_passes = pairs[i].arm->mean_success(),
                         .baseline_usd = pairs[i].baseline->mean_cost(options.cost),
                         .baseline_passes = pairs[i].baseline->mean_success()};
  }
  return sums;
}

Sums total_of(const std::vector<Sums>& clusters) {
  Sums total;
  for (const Sums& sums : clusters) total += sums;
  return total;
}

// The delta method on the log of the ratio of two cost-of-pass: each cluster's relative residuals
// add up, with their signs, so that what both arms share cancels.
std::optional<Interval> delta_interval(const std::vector<Sums>& clusters, const Sums& total,
                                       double confidence) {
  const bool positive = total.arm_usd > 0 && total.arm_passes > 0 && total.baseline_usd > 0 &&
                        total.baseline_passes > 0;
  if (!positive || clusters.size() < 2) return std::nullopt;
  double squares = 0;
  for (const Sums& sums : clusters) {
    const double influence = sums.arm_usd / total.arm_usd - sums.arm_passes / total.arm_passes -
                             sums.baseline_usd / total.baseline_usd +
                             sums.baseline_passes / total.baseline_passes;
    squares += influence * influence;
  }
  const auto count = static_cast<double>(clusters.size());
  const double half = student_t_quantile(0.5 + confidence / 2, count - 1) *
                      std::sqrt(squares * count / (count - 1));
  const double value = cost_of_pass_ratio(total);
  return Interval{value * std::exp(-half), value * std::exp(half)};
}

// Two-sided p of "the ratio is 1" by the share of resamples on the other side.
double bootstrap_p(const std::vector<double>& ratios) {
  const auto below = std::ranges::count_if(ratios, [](double ratio) { return ratio <= 1; });
  const auto above = std::ranges::count_if(ratios, [](double ratio) { return ratio >= 1; });
  return std::min(1.0, 2 * static_cast<double>(std::min(below, above) + 1) /
                           static_cast<double>(ratios.size() + 1));
}

void geometric(const std::vector<Pair>& pairs, const CompareOptions& options, CostPart& part) {
  std::vector<Pair> paid;
  for (const Pair& pair : pairs) {
    if (pair.arm->mean_cost(options.cost) > 0 && pair.baseline->mean_cost(options.cost) > 0) {
      paid.push_back(pair);
    }
  }
  part.difference.free_tasks = static_cast<int>(pairs.size() - paid.size());
  std::vector<TaskMoment> moments;
  std::vector<double> values;
  for (const Pair& pair : paid) {
    moments.push_back(log_cost_moment(pair, options.cost));
    values.push_back(moments.back().mean);
  }
  const PairedMean mean = paired_mean(values, cluster_numbers(paid, options.clusters));
  if (mean.clusters < 2) return;
  part.split = split_variance(moments);
  const double half =
      student_t_quantile(0.5 + options.confidence / 2, mean.degrees()) * mean.standard_error;
  part.difference.geometric_change =
      Estimated{.value = std::expm1(mean.mean),
                .interval = Interval{std::expm1(mean.mean - half), std::expm1(mean.mean + half)}};
  part.difference.p = difference_p(mean);
}

}  // namespace

std::optional<CostPart> compare_costs(const std::vector<Pair>& all, const CompareOptions& options,
                                      Random& random) {
  std::vector<Pair> pairs;
  for (const Pair& pair : all) {
    if (pair.arm->priced(options.cost) && pair.baseline->priced(options.cost)) {
      pairs.push_back(pair);
    }
  }
  if (pairs.empty()) return std::nullopt;
  CostPart part;
  CostDifference& difference = part.difference;
  difference.tasks = static_cast<int>(pairs.size());
  geometric(pairs, options, part);

  const std::vector<Sums> clusters = sums_of(pairs, options);
  const Sums total = total_of(clusters);
  difference.ratio_of_totals.value = ratio_of_totals(total);
  difference.cost_of_pass_ratio.value = cost_of_pass_ratio(total);
  difference.cost_of_pass_delta = delta_interval(clusters, total, options.confidence);
  if (clusters.size() < 2) return part;
  std::vector<double> totals;
  std::vector<double> ratios;
  resample(clusters.size(), options.resamples, random, [&](std::span<const std::uint32_t> indices) {
    Sums sums;
    for (const std::uint32_t index : indices) sums += clusters[index];
    totals.push_back(ratio_of_totals(sums));
    ratios.push_back(cost_of_pass_ratio(sums));
  });
  if (difference.free_tasks > 0) difference.p = bootstrap_p(totals);
  difference.ratio_of_totals.interval = percentile_interval(std::move(totals), options.confidence);
  difference.cost_of_pass_ratio.interval =
      percentile_interval(std::move(ratios), options.confidence);
  return part;
}

}  // namespace pareto::offline
