#pragma once

#include <memory>

#include "agent/io/journal.h"
#include "agent/io/lease.h"
#include "agent/io/loop.h"
#include "agent/io/sqlite_writer.h"
#include "apps/cli/globals.h"

namespace pareto {

// The state folder for commands that only look at it or change a row: no model, no sandbox.
struct StoreAccess {
  Config config;
  std::unique_ptr<Loop> loop;
  std::unique_ptr<SqliteWriter> writer;
  std::unique_ptr<SqliteJournal> journal;
  std::unique_ptr<Leases> leases;
};

Result<StoreAccess> open_store(const Globals& globals);

}  // namespace pareto
