#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/core/random.h"
#include "policies/offline/cost_of_pass.h"
#include "policies/offline/interval.h"
#include "policies/offline/result_table.h"

namespace pareto::offline {

// A share of passes with its Wilson interval. Repeats of a task are worth fewer trials than as many
// tasks: `effective` trials have the variance that was seen between tasks (Korn and Graubard 1998,
// "Confidence intervals for proportions with small expected number of positive counts", Survey
// Methodology 24), at least the number of tasks and at most that of runs.
struct Proportion {
  double passes = 0;
  int runs = 0;
  double effective = 0;
  double share = 0;
  Interval interval{0, 1};

  friend bool operator==(const Proportion&, const Proportion&) = default;
};

// What one arm came to, on one class of tasks or on all. Means are per counted run, with intervals
// over tasks. Money is in USD here: it is statistics, not accounting.
struct ArmSummary {
  ArmId arm;
  std::optional<std::string> task_class;  // absent: all classes
  int tasks = 0;                          // that the arm ran
  int runs = 0;
  int errors = 0;                   // runs that ended in an infrastructure error
  int unpriced = 0;                 // runs of unknown cost; their tasks are in no figure of cost
  Proportion success_of_all;        // infrastructure errors are failures
  Proportion success_of_attempted;  // infrastructure errors are left out
  Estimated prompt_tokens;
  Estimated cached_tokens;
  Estimated completion_tokens;
  Estimated seconds;
  Estimated turns;
  std::optional<Estimated> usd;            // per run; absent when no cost is known
  std::optional<CostOfPass> cost_of_pass;  // likewise
  std::optional<Retried> retried;          // likewise; with `SummaryOptions.attempts`
};

struct SummaryOptions {
  CostView cost = CostView::list;
  double confidence = 0.95;
  int resamples = 1000;
  int attempts = 3;
};

ArmSummary summarise(const ResultTable& table, std::size_t arm, const SummaryOptions& options,
                     Random& random);

// Every arm over all classes, then, where there is more than one class, every class with every arm
// that ran something of it.
std::vector<ArmSummary> summarise(const ResultTable& table, const SummaryOptions& options,
                                  Random& random);

// One arm in the plane of success and cost.
struct PlanePoint {
  double success = 0;
  double usd = 0;
};

// For each point whether no other one is at least as good in both and better in one (Pareto). Equal
// points stand together. O(n log n).
std::vector<bool> non_dominated(std::span<const PlanePoint> points);

}  // namespace pareto::offline
