#include "agent/io/schema.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace pareto {
namespace {

// "PRTO": how a state file is told from other SQLite files.
constexpr int kApplicationId = 0x5052544f;

// Never change one that was released: add another.
constexpr std::array kMigrations = {
    // 1: what happened. Rows are clustered by run, so that an append touches one page and a load
    // reads neighbours.
    R"sql(
PRAGMA application_id = 0x5052544f;
CREATE TABLE runs(
  id TEXT NOT NULL PRIMARY KEY,
  task_id TEXT NOT NULL,
  origin TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  status TEXT NOT NULL CHECK(status IN ('running', 'waiting', 'success', 'failure', 'limit',
                                        'error', 'cancelled')),
  reason TEXT NOT NULL DEFAULT '',
  mode TEXT NOT NULL DEFAULT '',
  model TEXT NOT NULL DEFAULT '',
  effort TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL DEFAULT '',
  prompt_head TEXT NOT NULL DEFAULT '',
  cost_nanos INTEGER NOT NULL DEFAULT 0,
  cost_known INTEGER NOT NULL DEFAULT 1,
  turns INTEGER NOT NULL DEFAULT 0,
  tool_calls INTEGER NOT NULL DEFAULT 0,
  took_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE events(
  run TEXT NOT NULL,
  seq INTEGER NOT NULL CHECK(seq > 0),
  at_ms INTEGER NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY(run, seq)
) STRICT, WITHOUT ROWID;
)sql",
    // 2: who works on a run, and who asked for it.
    R"sql(
CREATE TABLE leases(
  run TEXT NOT NULL PRIMARY KEY,
  pid INTEGER NOT NULL,
  boot_id TEXT NOT NULL,
  start_time INTEGER NOT NULL,
  owner TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  cancel_requested INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency_keys(
  key TEXT NOT NULL PRIMARY KEY,
  body_hash TEXT NOT NULL,
  run TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys(created_ms);
)sql",
    // 3: what is remembered.
    R"sql(
CREATE TABLE experiences(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  run TEXT NOT NULL UNIQUE,
  task_id TEXT NOT NULL,
  text TEXT NOT NULL,
  kind TEXT NOT NULL,
  mode TEXT NOT NULL,
  model TEXT NOT NULL,
  effort TEXT NOT NULL,
  success REAL NOT NULL CHECK(success BETWEEN 0 AND 1),
  cost_nanos INTEGER NOT NULL,
  took_ms INTEGER NOT NULL,
  turns INTEGER NOT NULL,
  features TEXT NOT NULL DEFAULT '{}',
  created_ms INTEGER NOT NULL,
  vector BLOB,
  vector_model TEXT
) STRICT;
)sql",
};

constexpr int kVersion = static_cast<int>(kMigrations.size());

int pragma_value(SqliteConnection& connection, const char* name) {
  return connection.database().execAndGet(fmt::format("PRAGMA {}", name)).getInt();
}

bool has_tables(SqliteConnection& connection) {
  return connection.database().execAndGet("SELECT count(*) FROM sqlite_schema").getInt() > 0;
}

// Throws SQLite::Exception.
Result<int> read_version(SqliteConnection& connection) {
  const int version = pragma_value(connection, "user_version");
  const bool ours = pragma_value(connection, "application_id") == kApplicationId;
  const bool fresh = version == 0 && !has_tables(connection);
  if (!ours && !fresh) {
    return fail(ErrorCode::invalid,
                fmt::format("{} is an SQLite file of another program: choose another state folder "
                            "with --state",
                            connection.path()));
  }
  if (version < 0 || version > kVersion) {
    return fail(ErrorCode::invalid,
                fmt::format("{} has version {}, and this pareto reads versions up to {}: use a "
                            "newer pareto, or another state folder with --state",
                            connection.path(), version, kVersion));
  }
  return version;
}

bool sync_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool synced = ::fsync(file) == 0;
  ::close(file);
  return synced;
}

std::unexpected<Error> cannot_back_up(const std::string& target, std::error_code code) {
  return fail(ErrorCode::internal,
              fmt::format("the backup {} can't be made, so the state file stays as it is ({}): "
                          "free some space there, or move the state file away",
                          target, code.message()));
}

int copied_version(const std::string& path) {
  SQLite::Database copy(path, SQLite::OPEN_READONLY);
  return copy.execAndGet("PRAGMA user_version").getInt();
}

// Through a file of our own, so that a half-made copy never bears the name of a backup.
Result<void> back_up(SqliteConnection& connection, int version) {
  const std::string target = fmt::format("{}.v{}.backup", connection.path(), version);
  std::string half_made = target + ".XXXXXX";
  const int file = ::mkostemp(half_made.data(), O_CLOEXEC);
  if (file < 0) return cannot_back_up(target, std::error_code(errno, std::generic_category()));
  ::close(file);
  auto vacuum = connection.statement("VACUUM INTO ?1");
  vacuum->bind(1, half_made);
  vacuum->exec();
  std::error_code code;
  if (copied_version(half_made) != version) {
    // Another process has upgraded the file in the meantime, and so has made the backup.
    std::filesystem::remove(half_made, code);
    return {};
  }
  if (!sync_file(half_made))
    return cannot_back_up(target, std::make_error_code(std::errc::io_error));
  std::filesystem::rename(half_made, target, code);
  if (code) return cannot_back_up(target, code);
  return {};
}

// Another process may have been faster: the version is read again under the lock.
Result<void> step(SqliteConnection& connection, int version) {
  SQLite::Database& database = connection.database();
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  auto stored = read_version(connection);
  if (!stored) return std::unexpected(stored.error());
  if (*stored >= version) return {};
  database.exec(kMigrations[static_cast<std::size_t>(version - 1)]);
  database.exec(fmt::format("PRAGMA user_version = {}", version));
  transaction.commit();
  return {};
}

}  // namespace

int schema_version() { return kVersion; }

Result<int> stored_version(SqliteConnection& connection) {
  try {
    return read_version(connection);
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, connection.path()));
  }
}

Result<void> migrate_to(SqliteConnection& connection, int version) {
  try {
    auto stored = read_version(connection);
    if (!stored) return std::unexpected(stored.error());
    if (*stored > 0 && *stored < version) {
      if (auto copied = back_up(connection, *stored); !copied) return copied;
    }
    for (int next = *stored + 1; next <= version; ++next) {
      if (auto stepped = step(connection, next); !stepped) return stepped;
    }
    return {};
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, connection.path()));
  }
}

Result<void> migrate(SqliteConnection& connection) { return migrate_to(connection, kVersion); }

}  // namespace pareto
