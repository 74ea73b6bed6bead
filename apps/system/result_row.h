#pragma once

#include <optional>
#include <string>

#include "agent/core/json.h"
#include "agent/core/run.h"

namespace pareto {

// What a row says beside the run itself. Empty texts become null.
struct RowContext {
  std::string suite;
  std::string suite_hash;
  int repeat = 0;
  std::string asked_model;      // as asked; empty: the default model's name
  std::optional<double> score;  // what the scorer found
  std::optional<Price> price;   // of the asked model, for a run that was not routed
  std::optional<std::string> error;
};

// One line of results.jsonl, also what `pareto run --json` prints. `outcome` may be that of a run
// that could not be finished.
Json result_row(const Run& run, const Outcome& outcome, const RowContext& context);

}  // namespace pareto
