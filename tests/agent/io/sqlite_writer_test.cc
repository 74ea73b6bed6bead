#include "agent/io/sqlite_writer.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/agent/io/journal_fixture.h"

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SqliteWriterTest : public testing::Test {
 protected:
  SqliteWriterTest() { execute("CREATE TABLE t(x ANY) STRICT"); }

  void execute(const std::string& sql) {
    must(writer_->run([&](SqliteConnection& connection) -> Result<void> {
      connection.execute(sql);
      return {};
    }));
  }
  // Queues the insertion of a value; its outcome goes to the end of `outcomes_`.
  void insert(std::string value) {
    writer_->submit(
        [value = std::move(value)](SqliteConnection& connection) -> Result<void> {
          auto insert = connection.statement("INSERT INTO t VALUES(?1)");
          insert->bind(1, value);
          insert->exec();
          if (value == "bad") return fail(ErrorCode::invalid, "it is bad");
          if (value == "throws") throw std::runtime_error("it throws");
          if (value == "sql") connection.execute("INSERT INTO nowhere VALUES(1)");
          return {};
        },
        [this](Result<void> outcome) { outcomes_.push_back(std::move(outcome)); });
  }
  std::vector<std::string> stored() {
    auto reader = must(SqliteConnection::open(writer_->path(), SqliteAccess::read_only));
    auto select = reader.statement("SELECT x FROM t ORDER BY rowid");
    std::vector<std::string> values;
    while (select->executeStep()) values.push_back(select->getColumn(0).getString());
    return values;
  }

  JournalFolder folder_;
  Loop loop_;
  std::unique_ptr<SqliteWriter> writer_ = must(SqliteWriter::open(loop_, folder_.file()));
  std::promise<void> gate_;
  std::vector<Result<void>> outcomes_;
};

TEST_F(SqliteWriterTest, StoresAndCompletesOnTheLoop) {
  std::thread::id worked;
  std::thread::id completed;
  writer_->submit(
      [&](SqliteConnection&) -> Result<void> {
        worked = std::this_thread::get_id();
        return {};
      },
      [&](Result<void> outcome) {
        EXPECT_TRUE(outcome);
        completed = std::this_thread::get_id();
      });
  loop_.run();
  EXPECT_NE(worked, std::this_thread::get_id());
  EXPECT_EQ(completed, std::this_thread::get_id());
}

TEST_F(SqliteWriterTest, TakesAFunctionOfTheDatabase) {
  bool done = false;
  writer_->submit(
      [](SQLite::Database& database) -> Result<void> {
        database.exec("INSERT INTO t VALUES('direct')");
        return {};
      },
      [&](Result<void> outcome) { done = outcome.has_value(); });
  loop_.run();
  EXPECT_TRUE(done);
  EXPECT_THAT(stored(), ElementsAre("direct"));
}

TEST_F(SqliteWriterTest, CommitsEverythingThatWaitsTogether) {
  const auto before = writer_->counts();
  std::promise<void> begun;
  writer_->submit(
      [&, gate = gate_.get_future().share()](SqliteConnection&) -> Result<void> {
        begun.set_value();
        gate.wait();
        return {};
      },
      nullptr);
  begun.get_future().wait();
  for (int i = 0; i < 100; ++i) insert(std::to_string(i));
  gate_.set_value();
  loop_.run();
  EXPECT_EQ(outcomes_, std::vector<Result<void>>(100));
  EXPECT_EQ(writer_->counts().units - before.units, 101U);
  EXPECT_EQ(writer_->counts().transactions - before.transactions, 2U);
  EXPECT_EQ(stored().size(), 100U);
}

TEST_F(SqliteWriterTest, UndoesAUnitThatFailsAndNoOther) {
  for (const char* value : {"a", "bad", "b", "throws", "c", "sql", "d"}) insert(value);
  loop_.run();
  ASSERT_EQ(outcomes_.size(), 7U);
  EXPECT_EQ(outcomes_[1].error(), (Error{ErrorCode::invalid, "it is bad"}));
  EXPECT_THAT(outcomes_[3].error().message, HasSubstr("it throws"));
  EXPECT_EQ(outcomes_[3].error().code, ErrorCode::internal);
  EXPECT_THAT(outcomes_[5].error().message, HasSubstr("nowhere"));
  for (const std::size_t good : {0U, 2U, 4U, 6U}) EXPECT_TRUE(outcomes_[good]) << good;
  EXPECT_THAT(stored(), ElementsAre("a", "b", "c", "d"));
}

TEST_F(SqliteWriterTest, AFailedUnitAloneLeavesNothing) {
  insert("bad");
  loop_.run();
  ASSERT_EQ(outcomes_.size(), 1U);
  EXPECT_FALSE(outcomes_[0]);
  EXPECT_TRUE(stored().empty());
}

TEST_F(SqliteWriterTest, FreesUnitsBeforeTheirHandlersAreCalled) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  bool gone = false;
  writer_->submit([held = std::move(held)](SqliteConnection&) -> Result<void> { return {}; },
                  [&](const Result<void>&) { gone = watched.expired(); });
  loop_.run();
  EXPECT_TRUE(gone);
}

TEST_F(SqliteWriterTest, StoresWhatWasSubmittedBeforeItsEnd) {
  for (int i = 0; i < 20; ++i) insert(std::to_string(i));
  const std::string path = writer_->path();
  writer_.reset();
  loop_.run();
  EXPECT_EQ(outcomes_, std::vector<Result<void>>(20));
  writer_ = must(SqliteWriter::open(loop_, path));
  EXPECT_EQ(stored().size(), 20U);
}

TEST_F(SqliteWriterTest, AHandlerMayEndTheWriter) {
  bool called = false;
  writer_->submit([](SqliteConnection&) -> Result<void> { return {}; },
                  [&](const Result<void>&) {
                    writer_.reset();
                    called = true;
                  });
  loop_.run();
  EXPECT_TRUE(called);
}

TEST_F(SqliteWriterTest, AFullFileIsAnErrorAndLaterWritesWork) {
  execute("PRAGMA max_page_count = 64");
  insert(std::string(1'000'000, 'x'));
  insert("small");
  loop_.run();
  ASSERT_EQ(outcomes_.size(), 2U);
  ASSERT_FALSE(outcomes_[0]);
  EXPECT_EQ(outcomes_[0].error().code, ErrorCode::limit);
  EXPECT_THAT(outcomes_[0].error().message, HasSubstr("free some space"));

  execute("PRAGMA max_page_count = 100000");
  insert("after");
  loop_.run();
  EXPECT_TRUE(outcomes_.back());
  const auto values = stored();
  EXPECT_EQ(values.back(), "after");
  // Whatever was said of the small one is what happened to it.
  EXPECT_EQ(values.size(), outcomes_[1] ? 2U : 1U);
}

TEST_F(SqliteWriterTest, FoldsTheLogIntoTheFileNowAndThen) {
  for (int i = 0; i < 60; ++i) {
    insert(std::string(400'000, 'x'));
    loop_.run();
  }
  const auto log = std::filesystem::file_size(folder_.file() + "-wal");
  EXPECT_GE(writer_->counts().checkpoints, 4U);
  EXPECT_LT(log, 8U << 20);
  writer_.reset();
  EXPECT_FALSE(std::filesystem::exists(folder_.file() + "-wal"));
}

TEST_F(SqliteWriterTest, WaitsForAnotherProcessThatWrites) {
  auto other = must(SqliteConnection::open(folder_.file(), SqliteAccess::read_write));
  other.execute("BEGIN IMMEDIATE; INSERT INTO t VALUES('theirs')");
  insert("ours");
  other.execute("COMMIT");
  loop_.run();
  EXPECT_THAT(outcomes_, ElementsAre(Result<void>()));
  EXPECT_THAT(stored(), ElementsAre("theirs", "ours"));
}

TEST_F(SqliteWriterTest, NamesAFolderThatCannotBeMade) {
  const auto opened = SqliteWriter::open(loop_, "/proc/none/pareto.db");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::denied);
  EXPECT_THAT(opened.error().message, HasSubstr("/proc/none"));
}

TEST_F(SqliteWriterTest, MakesItsFolderForItsOwnerOnly) {
  const std::string folder = folder_.path() + "/deep/state";
  must(SqliteWriter::open(loop_, folder + "/pareto.db"));
  EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms::owner_all);
}

// A process of its own, as the limit is one of processes: exit status 0 means that all went well.
int write_past_the_file_size_limit(const std::string& path) {
  ::signal(SIGXFSZ, SIG_IGN);
  Loop loop;
  const auto writer = must(SqliteWriter::open(loop, path));
  const auto insert = [&](std::size_t bytes) {
    return wait_for<void>(loop, [&](Handler<void> done) {
      writer->submit(
          [bytes](SqliteConnection& connection) -> Result<void> {
            connection.execute("CREATE TABLE IF NOT EXISTS t(x)");
            auto statement = connection.statement("INSERT INTO t VALUES(zeroblob(?1))");
            statement->bind(1, static_cast<std::int64_t>(bytes));
            statement->exec();
            return {};
          },
          std::move(done));
    });
  };
  if (!insert(10)) return 1;
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = 1'000'000;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const auto refused = insert(5'000'000);
  if (refused || refused.error().message.find("ulimit -f") == std::string::npos) return 2;
  if (!insert(10)) return 3;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  if (!insert(5'000'000)) return 4;
  auto rows = SqliteConnection::open(path, SqliteAccess::read_only);
  const bool three = rows && rows->database().execAndGet("SELECT count(*) FROM t").getInt() == 3;
  return three ? 0 : 5;
}

TEST(SqliteWriterFaultTest, AWriteThatTheSystemRefusesIsAnErrorAndLaterOnesWork) {
  const JournalFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 9;
    try {
      status = write_past_the_file_size_limit(folder.file());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    ::_exit(status);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace pareto
