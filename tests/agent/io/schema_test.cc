#include "agent/io/schema.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/agent/io/journal_fixture.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const RunId kRun{"01JDXK5T9Q3W8ZP6R2M4N7V0YA"};

SqliteConnection open_file(const std::string& path) {
  return must(SqliteConnection::open(path, SqliteAccess::read_write));
}

// A file as the program that wrote this version left it; the text of each is kept in this folder.
void restore(const std::string& path, int version) {
  std::ifstream dump(fmt::format("{}/schema_v{}.sql", PARETO_FIXTURES, version));
  ASSERT_TRUE(dump) << "keep a dump of files of version " << version
                    << " as schema_vN.sql beside this test";
  const std::string sql{std::istreambuf_iterator<char>(dump), {}};
  SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(sql);
}

// The name and text of everything in the schema.
std::map<std::string, std::string> shape_of(SqliteConnection& connection) {
  auto select = connection.statement("SELECT name, coalesce(sql, '') FROM sqlite_schema");
  std::map<std::string, std::string> shape;
  while (select->executeStep()) {
    shape[select->getColumn(0).getString()] = select->getColumn(1).getString();
  }
  return shape;
}

int count(SqliteConnection& connection, const std::string& table) {
  return connection.database().execAndGet("SELECT count(*) FROM " + table).getInt();
}

TEST(SchemaTest, MakesANewFile) {
  const JournalFolder folder;
  auto connection = open_file(folder.file());
  EXPECT_EQ(stored_version(connection), 0);
  ASSERT_EQ(migrate(connection), Result<void>());
  EXPECT_EQ(stored_version(connection), schema_version());
  for (const char* table : {"runs", "events", "leases", "idempotency_keys", "experiences"}) {
    EXPECT_EQ(count(connection, table), 0) << table;
  }
  EXPECT_FALSE(std::filesystem::exists(folder.file() + ".v0.backup"));
}

TEST(SchemaTest, EveryTableIsStrict) {
  const JournalFolder folder;
  auto connection = open_file(folder.file());
  must(migrate(connection));
  auto select = connection.statement(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 "
      "AND name NOT LIKE 'sqlite_%'");
  EXPECT_FALSE(select->executeStep()) << select->getColumn(0).getString();
}

TEST(SchemaTest, LeavesACurrentFileAlone) {
  const JournalFolder folder;
  restore(folder.file(), schema_version());
  auto connection = open_file(folder.file());
  ASSERT_EQ(migrate(connection), Result<void>());
  EXPECT_EQ(count(connection, "experiences"), 1);
  EXPECT_FALSE(
      std::filesystem::exists(fmt::format("{}.v{}.backup", folder.file(), schema_version())));
}

class SchemaVersionTest : public testing::TestWithParam<int> {};
class SchemaUpgradeTest : public testing::TestWithParam<int> {};

TEST_P(SchemaVersionTest, BringsAStoredFileUpToDateAndKeepsItsRows) {
  const JournalFolder folder;
  restore(folder.file("fresh.db"), schema_version());
  restore(folder.file(), GetParam());
  auto fresh = open_file(folder.file("fresh.db"));
  auto connection = open_file(folder.file());
  ASSERT_EQ(migrate(connection), Result<void>());
  EXPECT_EQ(stored_version(connection), schema_version());
  EXPECT_EQ(shape_of(connection), shape_of(fresh));
  EXPECT_EQ(connection.database().execAndGet("PRAGMA integrity_check").getString(), "ok");

  Loop loop;
  const auto writer = must(SqliteWriter::open(loop, folder.file()));
  const auto journal = must(SqliteJournal::open(*writer));
  EXPECT_EQ(must(journal->load(kRun)), std::vector<Event>{nudged(1)});
  EXPECT_EQ(must(journal->find(kRun)).task_id, "gcd");
}

TEST_P(SchemaUpgradeTest, KeepsACopyOfTheFileAsItWas) {
  const JournalFolder folder;
  restore(folder.file("old.db"), GetParam());
  restore(folder.file(), GetParam());
  auto old = open_file(folder.file("old.db"));
  auto connection = open_file(folder.file());
  must(migrate(connection));
  auto copy = open_file(fmt::format("{}.v{}.backup", folder.file(), GetParam()));
  EXPECT_EQ(stored_version(copy), GetParam());
  EXPECT_EQ(shape_of(copy), shape_of(old));
  EXPECT_EQ(count(copy, "events"), 1);
}

TEST_P(SchemaVersionTest, TheStoredFileIsWhatItsMigrationsMake) {
  const JournalFolder folder;
  restore(folder.file("stored.db"), GetParam());
  auto stored = open_file(folder.file("stored.db"));
  auto made = open_file(folder.file());
  must(migrate_to(made, GetParam()));
  EXPECT_EQ(shape_of(made), shape_of(stored));
}

INSTANTIATE_TEST_SUITE_P(Every, SchemaVersionTest, testing::Range(1, schema_version() + 1));
INSTANTIATE_TEST_SUITE_P(Past, SchemaUpgradeTest, testing::Range(1, schema_version()));

TEST(SchemaTest, RefusesAFileOfANewerProgram) {
  const JournalFolder folder;
  auto connection = open_file(folder.file());
  must(migrate(connection));
  connection.execute("PRAGMA user_version = 99");
  const auto migrated = migrate(connection);
  ASSERT_FALSE(migrated);
  EXPECT_EQ(migrated.error().code, ErrorCode::invalid);
  EXPECT_THAT(migrated.error().message,
              AllOf(HasSubstr(folder.file()), HasSubstr("version 99"), HasSubstr("newer pareto")));
  EXPECT_EQ(connection.database().execAndGet("PRAGMA user_version").getInt(), 99);
}

TEST(SchemaTest, RefusesAFileOfAnotherProgram) {
  const JournalFolder folder;
  auto connection = open_file(folder.file());
  connection.execute("CREATE TABLE bookmarks(url TEXT)");
  const auto migrated = migrate(connection);
  ASSERT_FALSE(migrated);
  EXPECT_EQ(migrated.error().code, ErrorCode::invalid);
  EXPECT_THAT(migrated.error().message, HasSubstr("another program"));
  EXPECT_EQ(shape_of(connection).size(), 1U);
}

TEST(SchemaTest, SeveralMayUpgradeOneFileAtATime) {
  const JournalFolder folder;
  restore(folder.file(), 1);
  std::vector<std::string> errors(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& error : errors) {
      threads.emplace_back([&] {
        auto connection = SqliteConnection::open(folder.file(), SqliteAccess::read_write);
        const auto migrated =
            connection ? migrate(*connection) : std::unexpected(connection.error());
        if (!migrated) error = migrated.error().message;
      });
    }
  }
  EXPECT_THAT(errors, testing::Each(""));
  auto copy = open_file(folder.file() + ".v1.backup");
  EXPECT_EQ(stored_version(copy), 1);
}

TEST(SchemaTest, AFailedMigrationLeavesTheFileAsItWas) {
  const JournalFolder folder;
  restore(folder.file(), 1);
  auto connection = open_file(folder.file());
  connection.execute("CREATE TABLE idempotency_keys(x)");  // in the way of the second migration
  const auto before = shape_of(connection);
  EXPECT_FALSE(migrate(connection));
  EXPECT_EQ(stored_version(connection), 1);
  EXPECT_EQ(shape_of(connection), before);
}

}  // namespace
}  // namespace pareto
