#include "policies/offline/cost_of_pass.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "policies/offline/attempts.h"
#include "policies/offline/resampling.h"

namespace pareto::offline {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kEnoughTasks = 50;
constexpr double kEnoughPasses = 10;

// Summed over tasks, some of which are infinite.
struct TaskMean {
  int tasks = 0;
  int infinite = 0;
  double sum = 0;  // of the finite ones

  void add(double value) {
    ++tasks;
    if (std::isinf(value)) {
      ++infinite;
    } else {
      sum += value;
    }
  }
  double of_all() const { return tasks == 0 ? 0 : infinite > 0 ? kInfinity : sum / tasks; }
  double of_finite() const { return tasks == infinite ? 0 : sum / (tasks - infinite); }
  double share_infinite() const {
    return tasks == 0 ? 0 : static_cast<double>(infinite) / static_cast<double>(tasks);
  }
};

double task_cost_of_pass(const Cell& cell, CostView view) {
  return expected_cost_of_success(cell.mean_cost(view), cell.mean_success());
}

// (without - with) / without, over tasks that the whole set solves.
double rise(double with, double without) {
  if (std::isinf(without)) return 1;
  return without > 0 ? (without - with) / without : 0;
}

}  // namespace

double expected_cost_of_success(double usd_per_attempt, double success) {
  return success > 0 ? usd_per_attempt / success : kInfinity;
}

std::optional<CostOfPass> cost_of_pass(std::span<const Cell> cells, CostView view,
                                       double confidence, int resamples, Random& random) {
  std::vector<RatioTerm> terms;
  TaskMean mean;
  CostOfPass result;
  for (const Cell& cell : cells) {
    if (!cell.priced(view)) continue;
    terms.push_back({.top = cell.cost(view).usd(), .bottom = cell.successes});
    result.passes += cell.successes;
    mean.add(task_cost_of_pass(cell, view));
  }
  if (terms.empty()) return std::nullopt;
  result.tasks = mean.tasks;
  const Estimated ratio = log_ratio_of_sums(terms, confidence);
  result.ratio_of_means = result.passes > 0 ? ratio.value : kInfinity;
  result.delta = ratio.interval;
  if (result.passes > 0) {
    result.bootstrap = bootstrap_ratio(terms, confidence, resamples, random);
  }
  result.mean_of_tasks = mean.of_all();
  result.mean_of_passed_tasks = mean.of_finite();
  result.share_infinite = mean.share_infinite();
  result.few_data = result.tasks < kEnoughTasks || result.passes < kEnoughPasses;
  return result;
}

Frontier frontier(const ResultTable& table, CostView view, std::optional<Money> expert) {
  const double cap = expert ? static_cast<double>(expert->to_nanos()) * 1e-9 : kInfinity;
  const std::size_t arms = table.arms().size();
  Frontier result;
  TaskMean mean;
  std::vector<TaskMean> without(arms);
  for (const ArmId& arm : table.arms()) result.arms.push_back({.arm = arm});
  for (std::size_t task = 0; task < table.tasks().size(); ++task) {
    // The two smallest: without the best arm the second one is the frontier.
    double best = kInfinity;
    double second = kInfinity;
    std::size_t best_arm = arms;
    bool complete = true;
    for (std::size_t arm = 0; arm < arms; ++arm) {
      const Cell& cell = table.cell(arm, task);
      complete = complete && cell.priced(view);
      const double value = task_cost_of_pass(cell, view);
      if (value < best) {
        second = best;
        best = value;
        best_arm = arm;
      } else {
        second = std::min(second, value);
      }
    }
    if (!complete) {
      ++result.dropped;
      continue;
    }
    mean.add(std::min(best, cap));
    if (best_arm < arms && std::isinf(second)) ++result.arms[best_arm].only_solver_of;
    // A task that nobody solves is infinite with and without an arm and tells nothing of it.
    if (std::isinf(std::min(best, cap))) continue;
    for (std::size_t arm = 0; arm < arms; ++arm) {
      without[arm].add(std::min(arm == best_arm ? second : best, cap));
    }
  }
  result.tasks = mean.tasks;
  result.value = mean.of_all();
  result.solved_value = mean.of_finite();
  result.share_infinite = mean.share_infinite();
  for (std::size_t arm = 0; arm < arms; ++arm) {
    result.arms[arm].share = rise(result.solved_value, without[arm].of_all());
  }
  return result;
}

namespace {

// Of a task with `runs` tries: the probability that `tries` of them all fail.
double all_fail(const Cell& cell, int tries) {
  const double rate = cell.mean_success();
  if (cell.graded > 0 || tries > cell.counted) return std::pow(1 - rate, tries);
  if (tries == 0) return 1;
  return 1 - pass_at_k(cell.counted, std::llround(cell.successes), tries).value_or(0);
}

}  // namespace

std::optional<Retried> retried(std::span<const Cell> cells, CostView view, int attempts) {
  Retried result;
  double tries_cost = 0;
  double success = 0;
  for (const Cell& cell : cells) {
    if (!cell.priced(view)) continue;
    ++result.tasks;
    double tries = 0;  // expected: try k happens when the k - 1 before it failed
    for (int k = 0; k < attempts; ++k) tries += all_fail(cell, k);
    tries_cost += tries * cell.mean_cost(view);
    success += attempts > 0 ? 1 - all_fail(cell, attempts) : 0;
  }
  if (result.tasks == 0) return std::nullopt;
  result.success = success / result.tasks;
  result.usd_per_task = tries_cost / result.tasks;
  result.usd_per_success = expected_cost_of_success(result.usd_per_task, result.success);
  return result;
}

}  // namespace pareto::offline
