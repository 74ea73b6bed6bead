#pragma once

#include <optional>
#include <string>

#include "agent/core/id.h"
#include "agent/core/result.h"
#include "agent/core/time.h"
#include "agent/io/journal.h"
#include "agent/io/sqlite_connection.h"

// The table `idempotency_keys`. `find_claim` and `store_claim` throw SQLite::Exception.

namespace pareto {

struct StoredClaim {
  KeyClaim claim;
  RunId run;
};

std::optional<StoredClaim> find_claim(SqliteConnection& connection, const std::string& key);

// Stores a claim, within the transaction that stores the run's first event, and forgets claims
// older than a week. `denied` when another process has stored the key since it was claimed.
Result<void> store_claim(SqliteConnection& connection, const KeyClaim& claim, const RunId& run,
                         Instant now);

// The run that holds a key, if the request is the one it was used for.
Result<RunId> same_request(const KeyClaim& claim, const std::string& body_hash, const RunId& run);

}  // namespace pareto
