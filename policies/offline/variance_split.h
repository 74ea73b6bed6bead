#pragma once

#include <optional>
#include <span>
#include <string>

namespace pareto::offline {

// One task: the mean of its repeats and the variance of that mean by the repeats, where there are
// enough of them to know (absent with one repeat).
struct TaskMoment {
  double mean = 0;
  std::optional<double> variance_of_mean;
};

// Where the error of a mean over tasks comes from (Miller 2024, arXiv 2411.00640, section 3.1:
// Var = Var(x) / n + E[sigma^2 / K] / n, x the true means of tasks, K the repeats).
struct VarianceSplit {
  int tasks = 0;
  double total = 0;                    // variance of the tasks' means, as seen
  std::optional<double> tasks_part;    // of the true means; not below 0
  std::optional<double> repeats_part;  // E[sigma^2 / K]
  std::string advice;                  // "more tasks: ..." or "more repeats: ..."
};

// The advice is by what doubling would take away: twice the tasks always halve the variance, twice
// the repeats only the repeats' part of it, but they need no new tasks.
VarianceSplit split_variance(std::span<const TaskMoment> tasks);

}  // namespace pareto::offline
