#pragma once

#include <string>

#include "agent/core/result.h"
#include "agent/io/sqlite_connection.h"

// The tables of the state file `pareto.db`, as a list of numbered migrations. The file's
// `user_version` is the number of migrations that it has been through.
//
//   runs              one row a run: what lists show; derived from its events
//   events            the journal: what happened, one row an event; `body` is the event as JSON
//   idempotency_keys  which run a client's Idempotency-Key started
//   leases            which process works on a run, and whether it was asked to stop
//   experiences       what is remembered of finished runs

namespace pareto {

// The version of the files that this program writes.
int schema_version();

// Creates the tables of a new file, or upgrades an older one after copying it to
// `PATH.vN.backup` (N: the version it had). Errors: `invalid` for a file of a newer program, or one
// that is not Pareto's; those of `sqlite_error`. Safe when several processes do it at a time.
Result<void> migrate(SqliteConnection& connection);

// The version of a file; errors as above, never changes it.
Result<int> stored_version(SqliteConnection& connection);

// Creates the file as a program of an earlier version made it: for tests of upgrades.
Result<void> migrate_to(SqliteConnection& connection, int version);

}  // namespace pareto
