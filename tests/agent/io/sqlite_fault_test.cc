#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <tuple>
#include <vector>

#include "tests/agent/io/journal_fixture.h"
#include "tests/agent/io/sqlite_fault_vfs.h"

// A disk that fails at its n-th operation, for every n, and then loses power: the method of
// SQLite's own tests and of LevelDB's fault_injection_test.

namespace pareto {
namespace {

using Lasting = SqliteFaultVfs::Lasting;

const RunId kRun{"01JDXK5T9Q3W8ZP6R2M4N7V0YA"};
constexpr int kMostOperations = 2000;

Event event_at(std::int64_t seq) {
  if (seq == 1) return started(kRun);
  return nudged(seq, std::string(static_cast<std::size_t>(seq * 701 % 3000), 'x'));
}

// Appends events from `next` on and counts what was acknowledged. What fails is tried again later,
// as the same events.
class Client {
 public:
  explicit Client(JournalFile& file) : file_(file) {}

  bool append(std::int64_t count) {
    std::vector<Event> events;
    for (std::int64_t seq = acknowledged + 1; seq <= acknowledged + count; ++seq) {
      events.push_back(event_at(seq));
    }
    attempted = std::max(attempted, acknowledged + count);
    const auto stored = file_.append(kRun, std::move(events));
    if (stored) {
      acknowledged += count;
    } else {
      error = stored.error();
    }
    return stored.has_value();
  }

  std::int64_t acknowledged = 0;
  std::int64_t attempted = 0;
  Error error;

 private:
  JournalFile& file_;
};

void expect_prefix(SqliteJournal& journal, const Client& client) {
  const auto events = must(journal.load(kRun));
  EXPECT_GE(std::ssize(events), client.acknowledged);
  EXPECT_LE(std::ssize(events), client.attempted);
  for (std::size_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(events[i], event_at(static_cast<std::int64_t>(i) + 1));
  }
}

struct Fault {
  std::string name;
  Lasting lasting = Lasting::once;
  int code = SQLITE_OK;
  ErrorCode expected = ErrorCode::internal;

  friend void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }
};

class SqliteFaultTest : public testing::TestWithParam<Fault> {};

// Whether the fault was reached.
bool survive_fault(const Fault& fault, int n) {
  SqliteFaultVfs disk;
  JournalFile file;
  Client client(file);
  EXPECT_TRUE(client.append(1));
  disk.fail_at(n, fault.lasting, fault.code);
  int failures = 0;
  for (const std::int64_t count : {1, 2, 1, 8, 1, 1}) failures += client.append(count) ? 0 : 1;
  const bool reached = disk.heal();
  EXPECT_TRUE(failures == 0 || client.error.code == fault.expected) << client.error.message;
  EXPECT_TRUE(failures <= 1 || fault.lasting == Lasting::until_healed);
  EXPECT_EQ(std::ssize(must(file.journal->load(kRun))), client.acknowledged);
  EXPECT_TRUE(client.append(2)) << "a healed disk is not written again: " << client.error.message;

  disk.cut_power();
  file.journal.reset();
  file.writer.reset();
  SeededRandom random(static_cast<std::uint64_t>(n));
  disk.restore(random);
  file.reopen();
  auto reader = must(SqliteConnection::open(file.folder.file(), SqliteAccess::read_only));
  EXPECT_EQ(reader.database().execAndGet("PRAGMA integrity_check").getString(), "ok");
  expect_prefix(*file.journal, client);
  return reached;
}

TEST_P(SqliteFaultTest, NothingAcknowledgedIsLostWhicheverOperationFails) {
  for (int n = 1; n < kMostOperations; ++n) {
    const bool reached = survive_fault(GetParam(), n);
    ASSERT_FALSE(HasFailure()) << "at operation " << n;
    if (!reached) {
      EXPECT_GT(n, 10) << "hardly any operation was seen";
      return;
    }
  }
  FAIL() << "no run without a fault";
}

INSTANTIATE_TEST_SUITE_P(
    Disks, SqliteFaultTest,
    testing::Values(Fault{"FullOnce", Lasting::once, SQLITE_FULL, ErrorCode::limit},
                    Fault{"FullForLong", Lasting::until_healed, SQLITE_FULL, ErrorCode::limit},
                    Fault{"BrokenOnce", Lasting::once, SQLITE_IOERR, ErrorCode::internal},
                    Fault{"BrokenForLong", Lasting::until_healed, SQLITE_IOERR,
                          ErrorCode::internal}),
    [](const auto& fault) { return fault.param.name; });

// Appends, with some checkpoints in between, until the power is cut at a place given by the seed.
// Says what is wrong with the file that is left; empty: nothing.
std::string cut_power_while_appending(std::uint64_t seed, SqliteFaultVfs::Flushes flushes) {
  SqliteFaultVfs disk;
  JournalFile file;
  disk.set_flushes(flushes);
  Client client(file);
  SeededRandom random(seed);
  client.append(1);
  for (std::uint64_t i = 0; i < 5 + seed * 6; ++i) {
    client.append(1 + static_cast<std::int64_t>(random.next() % 200));
  }
  disk.cut_power();
  if (client.append(3)) return "an append without power was acknowledged";
  file.journal.reset();
  file.writer.reset();
  disk.restore(random);
  try {
    file.reopen();
    auto reader = must(SqliteConnection::open(file.folder.file(), SqliteAccess::read_only));
    const std::string check = reader.database().execAndGet("PRAGMA integrity_check").getString();
    if (check != "ok") return check;
    const auto events = must(file.journal->load(kRun));
    if (std::ssize(events) < client.acknowledged) return "acknowledged events are missing";
    for (const Event& event : events) {
      if (event != event_at(event.seq)) return fmt::format("event {} is another", event.seq);
    }
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

constexpr std::uint64_t kPowerCuts = 6;

TEST(SqlitePowerLossTest, NothingAcknowledgedIsLostWheneverThePowerIsCut) {
  for (std::uint64_t seed = 0; seed < kPowerCuts; ++seed) {
    EXPECT_EQ(cut_power_while_appending(seed, SqliteFaultVfs::Flushes::done), "")
        << "seed " << seed;
  }
}

TEST(SqlitePowerLossTest, ADiskThatOnlyPretendsToFlushIsNoticed) {
  int losses = 0;
  for (std::uint64_t seed = 0; seed < kPowerCuts; ++seed) {
    losses += cut_power_while_appending(seed, SqliteFaultVfs::Flushes::pretended).empty() ? 0 : 1;
  }
  EXPECT_GT(losses, 0);
}

}  // namespace
}  // namespace pareto
