#pragma once

#include <map>
#include <span>
#include <string>

#include "agent/core/money.h"
#include "agent/io/journal.h"
#include "apps/bench/bench.h"

namespace pareto {

// What an earlier, interrupted bench left in the journal.
struct LeftOver {
  // Runs of cells that need a row: under way, finished without a row, or finished well but not
  // scored for a failure of the sandbox.
  std::map<RowKey, RunId> runs;
  // The run that judges one of them: under way, or with a verdict.
  std::map<RunId, RunId> judges;
  // What each of them has cost and is counted by now, calls under way at their reservation.
  std::map<RunId, Money> paid;
  // What all runs without any row cost, also those that will never have one: cancelled ones, and
  // those of tasks that have changed since. Judges' runs included.
  Money spent;
};

// Runs of another configuration are not gone on with, nor can a foreign agent's be.
Result<LeftOver> find_left_over(SqliteJournal& journal, const LocalWorkbench& workbench,
                                const Suite& suite, std::span<const Cell> cells,
                                const ResultRows& rows, const std::string& config_hash);

}  // namespace pareto
