#include "policies/offline/result_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <tuple>
#include <unordered_map>

namespace pareto::offline {
namespace {

std::string name_of(const Observation& observation) {
  return fmt::format("task '{}', arm '{}', repeat {}", observation.task, observation.arm.name(),
                     observation.repeat);
}

Result<void> check(const Observation& observation) {
  if (observation.score && !(*observation.score >= 0 && *observation.score <= 1)) {
    return fail(ErrorCode::invalid, fmt::format("{}: expected a score from 0 to 1, found {}",
                                                name_of(observation), *observation.score));
  }
  for (const CostView view : kCostViews) {
    const auto& cost = cost_of(observation, view);
    if (cost && *cost < Money()) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}: expected a cost ({}) of at least 0, found {}",
                              name_of(observation), to_string(view), cost->to_string()));
    }
  }
  const bool counts_are_good = observation.prompt_tokens >= 0 && observation.cached_tokens >= 0 &&
                               observation.completion_tokens >= 0 && observation.turns >= 0;
  if (!counts_are_good || !(observation.seconds >= 0) || std::isinf(observation.seconds)) {
    return fail(ErrorCode::invalid,
                fmt::format("{}: expected tokens, turns and seconds of at least 0, found one that "
                            "is not",
                            name_of(observation)));
  }
  return {};
}

void add(CostSum& sum, const std::optional<Money>& cost) {
  if (!cost) {
    ++sum.unpriced;
    return;
  }
  sum.total += *cost;
  if (*cost > Money()) {
    const double log_usd = std::log(static_cast<double>(cost->to_nanos()) * 1e-9);
    ++sum.positive;
    sum.log_sum += log_usd;
    sum.log_squares += log_usd * log_usd;
  }
}

void add(Cell& cell, const Observation& observation, InfrastructureErrors errors) {
  const bool is_error = observation.ending == Ending::infrastructure_error;
  ++cell.runs;
  cell.errors += is_error ? 1 : 0;
  if (is_error && errors == InfrastructureErrors::leave_out) return;
  const double success = success_of(observation);
  ++cell.counted;
  cell.graded += success != 0 && success != 1 ? 1 : 0;
  cell.successes += success;
  cell.success_squares += success * success;
  for (const CostView view : kCostViews) {
    add(cell.costs[static_cast<std::size_t>(view)], cost_of(observation, view));
  }
  cell.prompt_tokens += static_cast<double>(observation.prompt_tokens);
  cell.cached_tokens += static_cast<double>(observation.cached_tokens);
  cell.completion_tokens += static_cast<double>(observation.completion_tokens);
  cell.seconds += observation.seconds;
  cell.turns += static_cast<double>(observation.turns);
}

using Order = std::vector<const Observation*>;

// Sorted by arm, task and repeat, so that sums of doubles don't depend on the order of the input.
Order sorted(std::span<const Observation> observations) {
  Order order;
  order.reserve(observations.size());
  for (const Observation& observation : observations) order.push_back(&observation);
  std::ranges::sort(order, [](const Observation* a, const Observation* b) {
    return std::tie(a->arm, a->task, a->repeat) < std::tie(b->arm, b->task, b->repeat);
  });
  return order;
}

bool same_cell(const Observation& a, const Observation& b) {
  return a.task == b.task && a.arm == b.arm;
}

}  // namespace

Result<ResultTable> ResultTable::from(std::span<const Observation> observations,
                                      InfrastructureErrors errors) {
  ResultTable table;
  const Order order = sorted(observations);
  std::unordered_map<std::string_view, std::string_view> class_of;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Observation& observation = *order[i];
    if (const auto good = check(observation); !good) return std::unexpected(good.error());
    if (i > 0 && same_cell(*order[i - 1], observation) &&
        order[i - 1]->repeat == observation.repeat) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}: expected one observation, found two; give repeats their number",
                              name_of(observation)));
    }
    const auto [entry, added] = class_of.emplace(observation.task, observation.task_class);
    if (!added && entry->second != observation.task_class) {
      return fail(ErrorCode::invalid,
                  fmt::format("task '{}': expected one class, found '{}' and '{}'",
                              observation.task, entry->second, observation.task_class));
    }
    if (table.arms_.empty() || table.arms_.back() != observation.arm) {
      table.arms_.push_back(observation.arm);
    }
  }
  for (const auto& [id, task_class] : class_of) {
    table.tasks_.push_back({std::string(id), std::string(task_class)});
  }
  std::ranges::sort(table.tasks_, {}, &TaskOfTable::id);
  table.cells_.resize(table.arms_.size() * table.tasks_.size());
  std::size_t arm = 0;
  std::size_t task = 0;
  for (const Observation* observation : order) {
    if (table.arms_[arm] != observation->arm) {
      ++arm;
      task = 0;
    }
    while (table.tasks_[task].id != observation->task) ++task;
    add(table.cells_[arm * table.tasks_.size() + task], *observation, errors);
  }
  return table;
}

std::optional<std::size_t> ResultTable::find(const ArmId& arm) const {
  const auto found = std::ranges::lower_bound(arms_, arm);
  if (found == arms_.end() || *found != arm) return std::nullopt;
  return static_cast<std::size_t>(found - arms_.begin());
}

std::vector<std::string> ResultTable::classes() const {
  std::set<std::string> names;
  for (const TaskOfTable& task : tasks_) names.insert(task.task_class);
  return {names.begin(), names.end()};
}

ResultTable ResultTable::of_class(std::string_view task_class) const {
  ResultTable table;
  table.arms_ = arms_;
  for (const TaskOfTable& task : tasks_) {
    if (task.task_class == task_class) table.tasks_.push_back(task);
  }
  for (std::size_t arm = 0; arm < arms_.size(); ++arm) {
    for (std::size_t task = 0; task < tasks_.size(); ++task) {
      if (tasks_[task].task_class == task_class) table.cells_.push_back(cell(arm, task));
    }
  }
  return table;
}

}  // namespace pareto::offline
