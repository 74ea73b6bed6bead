#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/core/random.h"
#include "agent/core/result.h"
#include "policies/offline/interval.h"
#include "policies/offline/result_table.h"
#include "policies/offline/variance_split.h"

namespace pareto::offline {

// What varies independently: tasks, or whole classes of tasks that share a source (a repository, a
// passage).
enum class Clusters { tasks, classes };

struct CompareOptions {
  CostView cost = CostView::list;
  double confidence = 0.95;
  double margin = 0.03;  // of success that is given up gladly, for non-inferiority
  Clusters clusters = Clusters::tasks;
  int resamples = 2000;
};

// Tasks that are in no pair, and why.
struct Dropped {
  std::string why;
  std::vector<std::string> tasks;

  friend bool operator==(const Dropped&, const Dropped&) = default;
};

// A difference of success in -1..1, the arm minus the baseline, over paired tasks with their
// repeats averaged (Miller 2024, arXiv 2411.00640, sections 3.1 and 4.2).
struct SuccessDifference {
  double arm = 0;
  double baseline = 0;
  Estimated difference;
  double correlation = 0;        // of the two arms over tasks; 0 when one does not vary
  double p = 1;                  // two-sided paired t
  double holm_p = 1;             // over all arms that were compared
  double non_inferiority_p = 1;  // one-sided, of "worse by the margin or more"
  double holm_non_inferiority_p = 1;
};

// When each arm ran each task once and passed or failed it.
struct McNemar {
  int only_arm = 0;
  int only_baseline = 0;
  double p = 1;  // exact, two-sided
};

// Over the pairs whose cost is known in both arms.
struct CostDifference {
  int tasks = 0;
  int free_tasks = 0;  // of `tasks`, those that cost nothing in one arm: they have no log ratio
  // Of the tasks that cost something in both arms: the mean of log(arm / baseline) as a relative
  // change, -0.2 for a fifth cheaper. Paired t on the log scale. Absent without two such tasks.
  std::optional<Estimated> geometric_change;
  // Two-sided, of the geometric change; of the ratio of totals (bootstrap) when tasks were free,
  // since the geometric change then leaves out just the tasks that cost least.
  double p = 1;
  double holm_p = 1;
  Estimated ratio_of_totals;                   // arm / baseline, paired bootstrap over tasks
  Estimated cost_of_pass_ratio;                // likewise; infinite when the arm passed nothing
  std::optional<Interval> cost_of_pass_delta;  // of the same ratio, on the log scale with t
};

enum class CostVerdict { unknown, cheaper, dearer, inconclusive };
enum class SuccessVerdict { better, not_worse, worse_within_margin, worse, inconclusive };

struct Comparison {
  ArmId arm;
  ArmId baseline;
  int tasks = 0;  // paired
  std::vector<Dropped> dropped;
  SuccessDifference success;
  std::optional<McNemar> mcnemar;
  std::optional<CostDifference> cost;       // absent: no pair has a known cost
  VarianceSplit success_split;              // of the paired difference of success
  std::optional<VarianceSplit> cost_split;  // of the paired log ratio
  CostVerdict cost_verdict = CostVerdict::unknown;
  SuccessVerdict success_verdict = SuccessVerdict::inconclusive;
  std::string sentence;  // "cheaper and not worse"
};

// Sets the verdicts and the sentence from the adjusted p: a direction holds at 1 - confidence
// two-sided, "not worse" at half of that one-sided.
void conclude(Comparison& comparison, const CompareOptions& options);

// Errors: not_found for an arm that the table does not have; invalid for an arm against itself, or
// without a common task.
Result<Comparison> compare(const ResultTable& table, const ArmId& arm, const ArmId& baseline,
                           const CompareOptions& options, Random& random);

// Every other arm with the baseline, p adjusted over all of them; the verdicts follow the adjusted
// ones. Arms without a common task are left out.
Result<std::vector<Comparison>> compare_all(const ResultTable& table, const ArmId& baseline,
                                            const CompareOptions& options, Random& random);

}  // namespace pareto::offline
