#include "agent/io/sqlite_connection.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <thread>
#include <utility>

namespace pareto {
namespace {

constexpr int kBusyTimeoutMs = 5000;
// No single text or blob is larger: a damaged length field must not make us ask for gigabytes.
constexpr int kMaxValueBytes = 64 << 20;

Error damaged(const std::string& path, const char* what) {
  return {ErrorCode::internal,
          fmt::format("the state file {} is damaged ({}): `pareto doctor` says what can still be "
                      "read; restore a backup, or move the file away to start anew",
                      path, what)};
}

// A change to WAL needs the file alone and does not wait for that by itself, so that several
// processes that create one file would refuse each other.
void enter_wal_mode(SQLite::Database& database) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(kBusyTimeoutMs);
  for (;;) {
    try {
      if (database.execAndGet("PRAGMA journal_mode").getString() == "wal") return;
      database.exec("PRAGMA journal_mode=WAL");
      return;
    } catch (const SQLite::Exception& exception) {
      const bool busy = (exception.getErrorCode() & 0xff) == SQLITE_BUSY;
      if (!busy || std::chrono::steady_clock::now() > give_up) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace

Error sqlite_error(const SQLite::Exception& exception, const std::string& path) {
  const char* what = exception.what();
  switch (exception.getErrorCode() & 0xff) {  // without what the extended code adds
    case SQLITE_FULL:
      return {ErrorCode::limit,
              fmt::format("the disk that holds {} is full, so nothing of this write was stored: "
                          "free some space, or choose another folder with --state",
                          path)};
    case SQLITE_IOERR:
      return {ErrorCode::internal,
              fmt::format("reading or writing {} failed ({}): check the disk, quotas and "
                          "`ulimit -f`; nothing of a failed write was stored",
                          path, what)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::unavailable,
              fmt::format("another process has kept {} locked for more than {} s: wait for it, or "
                          "end it if it hangs",
                          path, kBusyTimeoutMs / 1000)};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorCode::denied, fmt::format("{} can't be written ({}): give yourself write access "
                                             "to it and its folder, or choose another with --state",
                                             path, what)};
    case SQLITE_CANTOPEN:
      return {ErrorCode::denied,
              fmt::format("{} can't be opened ({}): check that its folder exists and may be "
                          "written, and that files may still be opened (`ulimit -n`)",
                          path, what)};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged(path, what);
    case SQLITE_TOOBIG:
      return {ErrorCode::limit,
              fmt::format("a value for {} is larger than {} MiB", path, kMaxValueBytes >> 20)};
    default:
      return {ErrorCode::internal, fmt::format("SQLite on {}: {} (code {})", path, what,
                                               exception.getErrorCode())};
  }
}

SqliteStatement::~SqliteStatement() {
  statement_->tryReset();  // gives the last step's error once more, which was reported then
  statement_->clearBindings();
}

SqliteConnection::SqliteConnection(std::string path) : path_(std::move(path)) {}
SqliteConnection::~SqliteConnection() = default;
SqliteConnection::SqliteConnection(SqliteConnection&&) noexcept = default;

SqliteConnection& SqliteConnection::operator=(SqliteConnection&& other) noexcept {
  statements_.clear();  // before the connection that they belong to
  path_ = std::move(other.path_);
  database_ = std::move(other.database_);
  statements_ = std::move(other.statements_);
  return *this;
}

Result<SqliteConnection> SqliteConnection::open(const std::string& path, SqliteAccess access) {
  SqliteConnection connection(path);
  try {
    connection.open_file(access);
    connection.configure(access);
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, path));
  }
  return connection;
}

void SqliteConnection::open_file(SqliteAccess access) {
  const int flags = access == SqliteAccess::read_write
                        ? SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE
                        : SQLite::OPEN_READONLY;
  database_ =
      std::make_unique<SQLite::Database>(path_, flags | SQLite::OPEN_NOMUTEX, kBusyTimeoutMs);
}

void SqliteConnection::configure(SqliteAccess access) {
  sqlite3* handle = database_->getHandle();
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 1);  // VACUUM INTO needs one
  database_->exec(
      "PRAGMA trusted_schema=off;"
      "PRAGMA cell_size_check=on;"
      "PRAGMA mmap_size=0;"
      "PRAGMA temp_store=memory;");
  if (access == SqliteAccess::read_only) {
    database_->exec("PRAGMA query_only=on");
    return;
  }
  enter_wal_mode(*database_);
  database_->exec(
      "PRAGMA synchronous=FULL;"
      "PRAGMA cache_size=-512;"  // KiB; what is written is hardly read again
      "PRAGMA foreign_keys=on;"
      "PRAGMA journal_size_limit=16777216;");
}

SqliteStatement SqliteConnection::statement(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    std::string text(sql);
    auto prepared = std::make_unique<SQLite::Statement>(*database_, text);
    found = statements_.emplace(std::move(text), std::move(prepared)).first;
  }
  return SqliteStatement(*found->second);
}

void SqliteConnection::execute(const std::string& sql) { database_->exec(sql); }

}  // namespace pareto
