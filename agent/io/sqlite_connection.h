#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "agent/core/result.h"

namespace SQLite {
class Database;
class Exception;
class Statement;
}  // namespace SQLite

namespace pareto {

// What an SQLite failure on the file at `path` means for a person, and how to mend it: `limit` for
// a full disk or a file that may not grow, `unavailable` for a lock held by another process,
// `denied` for missing permissions, `internal` for a damaged file, a failing disk or a bug.
Error sqlite_error(const SQLite::Exception& exception, const std::string& path);

// A prepared statement on loan from its connection; the end of its life resets it and clears what
// was bound. Bind, step and read by `->`, as SQLiteCpp does.
class SqliteStatement {
 public:
  explicit SqliteStatement(SQLite::Statement& statement) : statement_(&statement) {}
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  SQLite::Statement* operator->() const { return statement_; }
  SQLite::Statement& operator*() const { return *statement_; }

 private:
  SQLite::Statement* statement_;
};

enum class SqliteAccess { read_write, read_only };

// One connection to an SQLite file in WAL mode. Statements are prepared once and kept. One thread
// at a time. `database` and `statement` throw SQLite::Exception, as all of SQLiteCpp does: whoever
// uses them catches it and gives `sqlite_error` of it.
class SqliteConnection {
 public:
  // Opens the file, with read_write creating it when it is missing. Every commit of a read_write
  // connection is durable when it returns (synchronous=FULL).
  static Result<SqliteConnection> open(const std::string& path, SqliteAccess access);
  ~SqliteConnection();
  SqliteConnection(SqliteConnection&& other) noexcept;
  SqliteConnection& operator=(SqliteConnection&& other) noexcept;

  SQLite::Database& database() { return *database_; }
  operator SQLite::Database&() { return *database_; }
  // The same text must not be on loan twice at a time.
  SqliteStatement statement(std::string_view sql);
  // Runs statements that give no rows; for what is done once.
  void execute(const std::string& sql);
  const std::string& path() const { return path_; }

 private:
  explicit SqliteConnection(std::string path);
  void open_file(SqliteAccess access);
  void configure(SqliteAccess access);

  std::string path_;
  std::unique_ptr<SQLite::Database> database_;
  std::map<std::string, std::unique_ptr<SQLite::Statement>, std::less<>> statements_;
};

}  // namespace pareto
