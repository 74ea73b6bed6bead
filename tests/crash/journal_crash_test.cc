#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "agent/core/random.h"
#include "agent/io/journal.h"
#include "agent/io/lease.h"
#include "tests/agent/io/journal_fixture.h"

// A process that appends is killed at any time, and the next one finds a whole file: everything
// that was acknowledged, and no part of an append without the rest.

namespace pareto {
namespace {

constexpr int kRuns = 4;
constexpr std::int64_t kBatch = 3;  // events of one append, so that half of one would show
constexpr int kFiles = 6;
constexpr int kCrashes = 7;  // of each file

// What a child says once an append is durable.
struct Acknowledged {
  std::int32_t run = 0;
  std::int32_t last_seq = 0;
};

RunId run_of(int number) { return {fmt::format("run-{}", number)}; }

// The same in every process, so that what is found can be compared.
Event event_at(int run, std::int64_t seq) {
  if (seq == 1) return started(run_of(run));
  SeededRandom random(static_cast<std::uint64_t>(run) * 1'000'003 +
                      static_cast<std::uint64_t>(seq));
  return nudged(seq,
                std::string(random.next() % 3000, static_cast<char>('a' + random.next() % 26)));
}

// Appends to all runs at a time until it is killed.
class Appender {
 public:
  Appender(const std::string& path, int acknowledgements)
      : writer_(must(SqliteWriter::open(loop_, path))),
        journal_(must(SqliteJournal::open(*writer_))),
        leases_(must(Leases::open(*writer_))),
        acknowledgements_(acknowledgements) {}

  void run_until_killed() {
    for (int run = 0; run < kRuns; ++run) {
      held_.push_back(must(wait_for<Lease>(loop_, [&](Handler<Lease> done) {
        leases_->acquire(run_of(run), "crash test", instant_from_ms(0), std::move(done));
      })));
      append(run, must(journal_->last_seq(run_of(run))));
    }
    loop_.run();
  }

 private:
  void append(int run, std::int64_t last) {
    std::vector<Event> events;
    for (std::int64_t seq = last + 1; seq <= last + kBatch; ++seq) {
      events.push_back(event_at(run, seq));
    }
    journal_->append(run_of(run), std::move(events), [this, run, last](Result<void> stored) {
      must(std::move(stored));
      const Acknowledged said{run, static_cast<std::int32_t>(last + kBatch)};
      if (::write(acknowledgements_, &said, sizeof said) != sizeof said) ::_exit(3);
      append(run, last + kBatch);
    });
  }

  Loop loop_;
  std::unique_ptr<SqliteWriter> writer_;
  std::unique_ptr<SqliteJournal> journal_;
  std::unique_ptr<Leases> leases_;
  std::vector<Lease> held_;
  int acknowledgements_;
};

// Kills a child some time after it has begun to append; gives what it acknowledged last, by run.
std::map<int, std::int64_t> append_and_die(const std::string& path,
                                           std::chrono::microseconds life) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      Appender(path, ends[1]).run_until_killed();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
    }
    ::_exit(2);
  }
  ::close(ends[1]);
  // Some are killed while they still open the file, the others while they append.
  pollfd waiting{.fd = ends[0], .events = POLLIN, .revents = 0};
  if (life.count() % 4 != 0) ::poll(&waiting, 1, 10'000);
  std::this_thread::sleep_for(life);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;

  std::map<int, std::int64_t> last;
  Acknowledged said;
  while (::read(ends[0], &said, sizeof said) == sizeof said) last[said.run] = said.last_seq;
  ::close(ends[0]);
  return last;
}

void expect_whole(SqliteJournal& journal, int run, std::int64_t acknowledged) {
  const auto events = journal.load(run_of(run));
  if (!events && acknowledged == 0) {
    EXPECT_EQ(events.error().code, ErrorCode::not_found) << events.error().message;
    return;
  }
  ASSERT_TRUE(events) << events.error().message;
  EXPECT_GE(std::ssize(*events), acknowledged) << "acknowledged events are missing";
  EXPECT_EQ(std::ssize(*events) % kBatch, 0) << "a part of an append was stored";
  for (std::size_t i = 0; i < events->size(); ++i) {
    ASSERT_EQ((*events)[i], event_at(run, static_cast<std::int64_t>(i) + 1));
  }
}

// Opens the file as the next process would, and looks at every event.
void expect_all_whole(const std::string& path, std::map<int, std::int64_t>& acknowledged) {
  Loop loop;
  const auto writer = must(SqliteWriter::open(loop, path));
  const auto journal = must(SqliteJournal::open(*writer));
  auto reader = must(SqliteConnection::open(path, SqliteAccess::read_only));
  EXPECT_EQ(reader.database().execAndGet("PRAGMA integrity_check").getString(), "ok");
  for (int run = 0; run < kRuns; ++run) expect_whole(*journal, run, acknowledged[run]);
}

TEST(JournalCrashTest, NothingAcknowledgedIsLostWhenTheProcessIsKilled) {
  SeededRandom random(static_cast<std::uint64_t>(::getpid()));
  int cycles = 0;
  std::int64_t events = 0;
  // Files that live through some crashes, and not so many that looking at them takes long.
  for (int file = 0; file < kFiles && !HasFailure(); ++file) {
    const JournalFolder folder;
    std::map<int, std::int64_t> acknowledged;
    for (int crash = 0; crash < kCrashes && !HasFailure(); ++crash, ++cycles) {
      const std::chrono::microseconds life(random.next() % 30'000);
      for (const auto& [run, last] : append_and_die(folder.file(), life)) {
        acknowledged[run] = std::max(acknowledged[run], last);
      }
      expect_all_whole(folder.file(), acknowledged);
    }
    for (const auto& [run, last] : acknowledged) events += last;
  }
  EXPECT_GT(events, cycles) << "the children were killed before they could do anything";
  RecordProperty("cycles", cycles);
  RecordProperty("acknowledged_events", static_cast<int>(events));
}

}  // namespace
}  // namespace pareto
