#pragma once

#include <optional>
#include <vector>

#include "policies/offline/bradley_terry.h"
#include "policies/offline/interval.h"
#include "policies/offline/result_table.h"

namespace pareto::reporting {

// Many arms in one order, fair to those that did not run every task.
struct Ranking {
  offline::BradleyTerry fit;
  std::vector<offline::Interval> intervals;  // of the abilities, in the order of `fit.arms`
  // Whether the order says anything of runs it has not seen; absent with too few of them.
  std::optional<offline::HeldOut> held_out;

  // Whether it foretells left-out runs better than the share of passes alone does.
  bool tells() const { return held_out && held_out->log_loss < held_out->base_rate_log_loss; }
};

// Nothing with fewer than three arms, of which a comparison says more, and with more than 200, for
// which the errors would take seconds.
std::optional<Ranking> ranking_of(const offline::ResultTable& table, double confidence);

}  // namespace pareto::reporting
