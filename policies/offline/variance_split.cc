#include "policies/offline/variance_split.h"

#include <fmt/format.h>

#include <algorithm>

namespace pareto::offline {

VarianceSplit split_variance(std::span<const TaskMoment> tasks) {
  VarianceSplit split{.tasks = static_cast<int>(tasks.size())};
  if (tasks.size() < 2) {
    split.advice = "more tasks: two are needed for any error";
    return split;
  }
  const auto count = static_cast<double>(tasks.size());
  double mean = 0;
  double within = 0;
  int repeated = 0;
  for (const TaskMoment& task : tasks) {
    mean += task.mean / count;
    within += task.variance_of_mean.value_or(0);
    repeated += task.variance_of_mean ? 1 : 0;
  }
  for (const TaskMoment& task : tasks) {
    split.total += (task.mean - mean) * (task.mean - mean) / (count - 1);
  }
  if (repeated == 0) {
    split.advice = "more tasks: what repeats would bring is unknown without two repeats of a task";
    return split;
  }
  split.repeats_part = within / repeated;
  split.tasks_part = std::max(0.0, split.total - *split.repeats_part);
  const double sum = *split.tasks_part + *split.repeats_part;
  const double share = sum > 0 ? *split.repeats_part / sum : 0;
  split.advice =
      share >= 0.5
          ? fmt::format("more repeats: they make {:.0f} % of the variance", 100 * share)
          : fmt::format("more tasks: repeats make only {:.0f} % of the variance", 100 * share);
  return split;
}

}  // namespace pareto::offline
