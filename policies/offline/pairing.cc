#include "policies/offline/pairing.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

namespace pareto::offline {
namespace {

const char* why_not(const Cell& cell) {
  if (cell.runs == 0) return "not run by";
  return cell.counted == 0 ? "only infrastructure errors by" : nullptr;
}

// Of the mean of `count` numbers of which the sums are known.
std::optional<double> variance_of_mean(double count, double sum, double squares) {
  if (count < 2) return std::nullopt;
  return std::max(0.0, squares - sum * sum / count) / (count - 1) / count;
}

std::optional<double> plus(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return std::nullopt;
  return *a + *b;
}

std::optional<double> log_cost_variance(const Cell& cell, CostView view) {
  const CostSum& cost = cell.cost(view);
  if (cost.positive < cell.counted) return std::nullopt;
  return variance_of_mean(cost.positive, cost.log_sum, cost.log_squares);
}

}  // namespace

Pairing pair_up(const ResultTable& table, std::size_t arm, std::size_t baseline) {
  Pairing result;
  std::map<std::string, std::vector<std::string>> dropped;
  for (std::size_t task = 0; task < table.tasks().size(); ++task) {
    const Pair pair{&table.cell(arm, task), &table.cell(baseline, task),
                    table.tasks()[task].task_class};
    const char* of_arm = why_not(*pair.arm);
    const char* of_baseline = why_not(*pair.baseline);
    if (of_arm == nullptr && of_baseline == nullptr) {
      result.pairs.push_back(pair);
      continue;
    }
    const std::string why = of_arm != nullptr
                                ? fmt::format("{} {}", of_arm, table.arms()[arm].name())
                                : fmt::format("{} {}", of_baseline, table.arms()[baseline].name());
    // Tasks that neither has are no loss of this comparison.
    if (pair.arm->runs == 0 && pair.baseline->runs == 0) continue;
    dropped[why].push_back(table.tasks()[task].id);
  }
  for (auto& [why, tasks] : dropped) result.dropped.push_back({why, std::move(tasks)});
  return result;
}

std::vector<std::size_t> cluster_numbers(const std::vector<Pair>& pairs, Clusters clusters) {
  std::vector<std::size_t> numbers(pairs.size());
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    numbers[i] = clusters == Clusters::tasks
                     ? i
                     : known.emplace(pairs[i].task_class, known.size()).first->second;
  }
  return numbers;
}

TaskMoment success_moment(const Cell& cell) {
  return {.mean = cell.mean_success(),
          .variance_of_mean = variance_of_mean(cell.counted, cell.successes, cell.success_squares)};
}

TaskMoment success_moment(const Pair& pair) {
  const TaskMoment arm = success_moment(*pair.arm);
  const TaskMoment baseline = success_moment(*pair.baseline);
  return {.mean = arm.mean - baseline.mean,
          .variance_of_mean = plus(arm.variance_of_mean, baseline.variance_of_mean)};
}

TaskMoment log_cost_moment(const Pair& pair, CostView view) {
  return {.mean = std::log(pair.arm->mean_cost(view)) - std::log(pair.baseline->mean_cost(view)),
          .variance_of_mean =
              plus(log_cost_variance(*pair.arm, view), log_cost_variance(*pair.baseline, view))};
}

}  // namespace pareto::offline
