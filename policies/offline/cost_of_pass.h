#pragma once

#include <optional>
#include <span>
#include <vector>

#include "agent/core/money.h"
#include "agent/core/random.h"
#include "policies/offline/interval.h"
#include "policies/offline/result_table.h"

namespace pareto::offline {

// Expected dollars of one success (Erol et al. 2025, "Cost-of-Pass", arXiv 2504.13359, section 2:
// v = C / R, the cost of an attempt over the probability that it is right). In USD, infinite where
// nothing was passed. Two estimators that are not the same number; a report names the one it shows.
struct CostOfPass {
  int tasks = 0;
  double passes = 0;  // sum of successes
  // All that was spent over all passes: what a suite costs per pass.
  double ratio_of_means = 0;
  std::optional<Interval> delta;      // of the ratio, on the log scale with Student's t
  std::optional<Interval> bootstrap;  // of the ratio, percentiles over tasks
  // The mean over tasks of cost / pass rate, as the paper has it for one problem: infinite as soon
  // as one task is never passed.
  double mean_of_tasks = 0;
  double mean_of_passed_tasks = 0;  // the same of those passed at least once; 0 without one
  double share_infinite = 0;        // of tasks never passed
  // Below 50 tasks or 10 passes both intervals are too narrow (0.91 to 0.93 for a nominal 0.95).
  bool few_data = true;

  friend bool operator==(const CostOfPass&, const CostOfPass&) = default;
};

// Over the tasks with a known cost of all their runs; nothing without one.
std::optional<CostOfPass> cost_of_pass(std::span<const Cell> cells, CostView view,
                                       double confidence, int resamples, Random& random);

// What the arm is worth to the set of arms.
struct Essentialness {
  ArmId arm;
  // (V without it - V) / V without it (Erol et al. 2025, the counterfactual of a model family): the
  // share of the frontier's cost that only this arm saves. 1 when tasks that the frontier solves
  // become unsolvable.
  double share = 0;
  int only_solver_of = 0;  // tasks that no other arm passed
};

// The frontier cost-of-pass of a set of arms (Erol et al. 2025, section 2): the mean over tasks
// of the smallest cost / pass rate of any arm, that is, of an oracle that knows the best arm.
struct Frontier {
  int tasks = 0;            // those that every arm ran with a known cost
  int dropped = 0;          // the others
  double value = 0;         // V*, USD; infinite when a task is passed by no arm
  double solved_value = 0;  // the mean over tasks that some arm passed; 0 without one
  double share_infinite = 0;
  std::vector<Essentialness> arms;  // in the table's order
};

// With `expert` (the cost of a person who certainly solves the task) no task costs more than that.
Frontier frontier(const ResultTable& table, CostView view,
                  std::optional<Money> expert = std::nullopt);

// What becomes of an arm when a failed task is tried again, up to `attempts` times in all, by a
// verifier that is never wrong: an upper bound of what retries can do.
struct Retried {
  int tasks = 0;
  double success = 0;          // mean over tasks
  double usd_per_task = 0;     // expected spend
  double usd_per_success = 0;  // the ratio of the two means; infinite without success
};

// Per task from its repeats: for attempts up to their number without bias (Chen et al. 2021,
// "Codex", arXiv 2107.03374, section 2.1, for each number of tries), beyond it, and for graded
// scores, as independent tries at the observed rate, which with few repeats is too optimistic of
// tasks passed once and too pessimistic of others. With one repeat a task is 0 or 1 and retries
// never help. Nothing without a priced task.
std::optional<Retried> retried(std::span<const Cell> cells, CostView view, int attempts);

// Cost of an attempt / probability of success; infinite for 0, 0 for a free one that can succeed.
double expected_cost_of_success(double usd_per_attempt, double success);

}  // namespace pareto::offline
