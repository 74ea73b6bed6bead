#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/money.h"

namespace pareto {

// What a set of rows comes to. Rows of status `error` count as attempted, not as scored.
struct Tally {
  int rows = 0;
  int errors = 0;
  double successes = 0;  // sum of scores; of success/failure where nothing was scored
  double turns = 0;
  double prompt_tokens = 0;
  double completion_tokens = 0;
  double seconds = 0;
  Money cost;  // of all rows, errors included: money that was spent is counted
  bool cost_known = true;

  int scored() const { return rows - errors; }
  // Expected cost of one success as the ratio of means, total cost / successes (Erol et al. 2025,
  // "Cost-of-Pass", section 2); nothing without a success.
  std::optional<Money> cost_of_pass() const;
};

Tally tally(const std::vector<const Json*>& rows);
// 1 or 0 or between: what counts as success of a row.
double success_of(const Json& row);

// The final tables of a bench for a terminal: by mode and model, by class, and which mode `auto`
// chose for which class. Plain text.
std::string summary_tables(const std::vector<Json>& rows);

}  // namespace pareto
