#include "agent/io/sqlite_connection.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/agent/io/journal_fixture.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::map<std::string, std::string> pragmas(SqliteConnection& connection) {
  std::map<std::string, std::string> values;
  for (const char* name :
       {"journal_mode", "synchronous", "foreign_keys", "busy_timeout", "trusted_schema",
        "cell_size_check", "mmap_size", "temp_store", "journal_size_limit", "query_only"}) {
    values[name] = connection.database().execAndGet(std::string("PRAGMA ") + name).getString();
  }
  return values;
}

TEST(SqliteConnectionTest, WritesDurablyAndDistrustsTheFile) {
  const JournalFolder folder;
  auto connection = must(SqliteConnection::open(folder.file(), SqliteAccess::read_write));
  const std::map<std::string, std::string> expected = {
      {"journal_mode", "wal"},  {"synchronous", "2"},    {"foreign_keys", "1"},
      {"busy_timeout", "5000"}, {"trusted_schema", "0"}, {"cell_size_check", "1"},
      {"mmap_size", "0"},       {"temp_store", "2"},     {"journal_size_limit", "16777216"},
      {"query_only", "0"}};
  EXPECT_EQ(pragmas(connection), expected);
}

TEST(SqliteConnectionTest, AReaderCannotWrite) {
  const JournalFolder folder;
  auto writer = must(SqliteConnection::open(folder.file(), SqliteAccess::read_write));
  writer.execute("CREATE TABLE t(x INTEGER) STRICT");
  auto reader = must(SqliteConnection::open(folder.file(), SqliteAccess::read_only));
  EXPECT_EQ(pragmas(reader).at("query_only"), "1");
  try {
    reader.execute("INSERT INTO t VALUES(1)");
    FAIL() << "expected an exception";
  } catch (const SQLite::Exception& exception) {
    EXPECT_EQ(sqlite_error(exception, folder.file()).code, ErrorCode::denied);
  }
}

TEST(SqliteConnectionTest, SeveralMayCreateOneFileAtATime) {
  const JournalFolder folder;
  std::vector<std::string> errors(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& error : errors) {
      threads.emplace_back([&] {
        auto opened = SqliteConnection::open(folder.file(), SqliteAccess::read_write);
        if (!opened) error = opened.error().message;
      });
    }
  }
  EXPECT_THAT(errors, testing::Each(""));
}

TEST(SqliteConnectionTest, AMissingFileIsNotMadeByReading) {
  const JournalFolder folder;
  const auto opened = SqliteConnection::open(folder.file(), SqliteAccess::read_only);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::denied);
  EXPECT_THAT(opened.error().message, HasSubstr(folder.file()));
  EXPECT_FALSE(std::filesystem::exists(folder.file()));
}

TEST(SqliteConnectionTest, AFileOfAnotherKindIsCalledDamaged) {
  const JournalFolder folder;
  std::ofstream(folder.file()) << std::string(5000, 'x');
  const auto opened = SqliteConnection::open(folder.file(), SqliteAccess::read_write);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::internal);
  EXPECT_THAT(opened.error().message, AllOf(HasSubstr("damaged"), HasSubstr("pareto doctor")));
}

TEST(SqliteConnectionTest, AStatementOnLoanIsCleanTheNextTime) {
  const JournalFolder folder;
  auto connection = must(SqliteConnection::open(folder.file(), SqliteAccess::read_write));
  const char* sql = "SELECT ?1";
  {
    auto select = connection.statement(sql);
    select->bind(1, "left over");
    ASSERT_TRUE(select->executeStep());
    EXPECT_EQ(select->getColumn(0).getString(), "left over");
  }
  auto select = connection.statement(sql);
  ASSERT_TRUE(select->executeStep());
  EXPECT_TRUE(select->getColumn(0).isNull());
}

TEST(SqliteConnectionTest, AFinishedStatementHoldsNoSnapshot) {
  const JournalFolder folder;
  auto writer = must(SqliteConnection::open(folder.file(), SqliteAccess::read_write));
  writer.execute("CREATE TABLE t(x INTEGER) STRICT; INSERT INTO t VALUES(1), (2)");
  auto reader = must(SqliteConnection::open(folder.file(), SqliteAccess::read_only));
  const auto count = [&] {
    auto select = reader.statement("SELECT count(*) FROM t");
    select->executeStep();
    return select->getColumn(0).getInt();
  };
  {
    auto rows = reader.statement("SELECT x FROM t");
    ASSERT_TRUE(rows->executeStep());
    writer.execute("INSERT INTO t VALUES(3)");
    EXPECT_EQ(count(), 2);  // one snapshot while a row is being looked at
  }
  EXPECT_EQ(count(), 3);
}

TEST(SqliteConnectionTest, AHugeValueIsRefused) {
  const JournalFolder folder;
  auto connection = must(SqliteConnection::open(folder.file(), SqliteAccess::read_write));
  try {
    connection.database().execAndGet("SELECT length(zeroblob(100000000))");
    FAIL() << "expected an exception";
  } catch (const SQLite::Exception& exception) {
    EXPECT_EQ(sqlite_error(exception, "f").code, ErrorCode::limit);
  }
}

TEST(SqliteErrorTest, SaysWhatToDo) {
  struct Case {
    int code;
    ErrorCode expected;
    std::string advice;
  };
  const std::vector<Case> cases = {
      {SQLITE_FULL, ErrorCode::limit, "free some space"},
      {SQLITE_IOERR_WRITE, ErrorCode::internal, "check the disk"},
      {SQLITE_IOERR_FSYNC, ErrorCode::internal, "check the disk"},
      {SQLITE_BUSY, ErrorCode::unavailable, "wait for it"},
      {SQLITE_BUSY_SNAPSHOT, ErrorCode::unavailable, "wait for it"},
      {SQLITE_READONLY, ErrorCode::denied, "write access"},
      {SQLITE_READONLY_DBMOVED, ErrorCode::denied, "write access"},
      {SQLITE_CANTOPEN, ErrorCode::denied, "folder exists"},
      {SQLITE_CORRUPT, ErrorCode::internal, "restore a backup"},
      {SQLITE_NOTADB, ErrorCode::internal, "restore a backup"},
      {SQLITE_TOOBIG, ErrorCode::limit, "larger than 64 MiB"},
      {SQLITE_MISUSE, ErrorCode::internal, "code 21"},
  };
  for (const Case& known : cases) {
    const Error error = sqlite_error(SQLite::Exception("what", known.code), "/state/pareto.db");
    EXPECT_EQ(error.code, known.expected) << known.code;
    EXPECT_THAT(error.message, HasSubstr(known.advice)) << known.code;
  }
}

}  // namespace
}  // namespace pareto
