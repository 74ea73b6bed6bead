#pragma once

#include "agent/core/event.h"
#include "agent/io/journal.h"
#include "agent/io/sqlite_connection.h"

// The table `runs`: what lists show, kept beside the events that it is derived from. Throws
// SQLite::Exception.

namespace pareto {

// Takes up what an event changes in its run's row. Most events change nothing, so that the common
// append touches no second table.
void summarise(SqliteConnection& connection, const RunId& run, const Event& event);

RunPage list_runs(SqliteConnection& connection, const RunFilter& filter);
Result<RunSummary> find_run(SqliteConnection& connection, const RunId& run);
Result<RunId> resolve_run(SqliteConnection& connection, std::string_view prefix);

}  // namespace pareto
