#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "policies/offline/observation.h"

namespace pareto::offline {

// What becomes of runs that ended in an infrastructure error. Left out they raise every score, so
// that they count as failures, with what they cost, unless it is asked otherwise.
enum class InfrastructureErrors { count_as_failures, leave_out };

struct CostSum {
  Money total;
  int unpriced = 0;    // runs whose cost is unknown; nothing of them is in the total
  int positive = 0;    // runs that cost something
  double log_sum = 0;  // of the natural logarithms of the positive costs in USD
  double log_squares = 0;

  double usd() const { return static_cast<double>(total.to_nanos()) * 1e-9; }
  friend bool operator==(const CostSum&, const CostSum&) = default;
};

// All runs of one arm on one task, summed.
struct Cell {
  int runs = 0;     // all of them
  int errors = 0;   // of `runs`, those that ended in an infrastructure error
  int counted = 0;  // of `runs`, those that the sums below are of
  int graded = 0;   // of `counted`, those with a success that is neither 0 nor 1
  double successes = 0;
  double success_squares = 0;
  std::array<CostSum, kCostViews.size()> costs;
  double prompt_tokens = 0;
  double cached_tokens = 0;
  double completion_tokens = 0;
  double seconds = 0;
  double turns = 0;

  const CostSum& cost(CostView view) const { return costs[static_cast<std::size_t>(view)]; }
  bool priced(CostView view) const { return counted > 0 && cost(view).unpriced == 0; }
  double mean_success() const { return counted == 0 ? 0 : successes / counted; }
  double mean_cost(CostView view) const { return counted == 0 ? 0 : cost(view).usd() / counted; }
  friend bool operator==(const Cell&, const Cell&) = default;
};

struct TaskOfTable {
  std::string id;
  std::string task_class;

  friend bool operator==(const TaskOfTable&, const TaskOfTable&) = default;
};

// Observations by arm and task. Everything else reads this: statistics are over tasks, not rows,
// since repeats of one task are not independent (Miller 2024, "Adding Error Bars to Evals",
// arXiv 2411.00640, section 2.2). Arms and tasks are in the order of their names, whatever order
// the observations came in.
class ResultTable {
 public:
  // Errors (invalid) name the observation: a score outside 0..1, a negative or non-finite number, a
  // task with two classes, two observations of one (task, arm, repeat).
  static Result<ResultTable> from(
      std::span<const Observation> observations,
      InfrastructureErrors errors = InfrastructureErrors::count_as_failures);

  const std::vector<ArmId>& arms() const { return arms_; }
  const std::vector<TaskOfTable>& tasks() const { return tasks_; }
  // A cell with no runs: the arm never ran the task.
  const Cell& cell(std::size_t arm, std::size_t task) const {
    return cells_[arm * tasks_.size() + task];
  }
  std::span<const Cell> cells(std::size_t arm) const {
    return std::span(cells_).subspan(arm * tasks_.size(), tasks_.size());
  }
  std::optional<std::size_t> find(const ArmId& arm) const;

  std::vector<std::string> classes() const;  // sorted
  // Only the tasks of one class, with the same arms.
  ResultTable of_class(std::string_view task_class) const;

  friend bool operator==(const ResultTable&, const ResultTable&) = default;

 private:
  std::vector<ArmId> arms_;
  std::vector<TaskOfTable> tasks_;
  std::vector<Cell> cells_;  // arm by arm
};

}  // namespace pareto::offline
