#pragma once

#include "agent/core/json.h"
#include "agent/core/result.h"
#include "agent/io/journal.h"

namespace pareto {

// A run in lists: of `pareto runs list --json` and of GET /v1/runs.
Json run_json(const RunSummary& run);

// The same with the route's reason and the whole outcome, once there are any. Errors as those of
// SqliteJournal::find.
Result<Json> run_details(SqliteJournal& journal, const RunId& run);

}  // namespace pareto
