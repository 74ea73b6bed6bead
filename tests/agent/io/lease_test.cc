#include "agent/io/lease.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "tests/agent/io/journal_fixture.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const RunId kRun{"01JDXK5T9Q3W8ZP6R2M4N7V0YA"};
const Instant kNow = instant_from_ms(1'700'000'000'000);  // 2023-11-14 22:13:20 UTC

// One process's view of a state file.
struct Owner {
  explicit Owner(const std::string& path)
      : writer(must(SqliteWriter::open(loop, path))), leases(must(Leases::open(*writer))) {}

  Result<Lease> acquire(const RunId& run = kRun, Instant now = kNow) {
    return wait_for<Lease>(loop, [&](Handler<Lease> done) {
      leases->acquire(run, "pareto test", now, std::move(done));
    });
  }
  Result<void> request_cancel(const RunId& run) {
    return wait_for<void>(
        loop, [&](Handler<void> done) { leases->request_cancel(run, std::move(done)); });
  }
  // Until what was submitted is stored.
  void settle() {
    must(writer->run([](SqliteConnection&) -> Result<void> { return {}; }));
  }

  Loop loop;
  std::unique_ptr<SqliteWriter> writer;
  std::unique_ptr<Leases> leases;
};

// A child that runs `body` and ends with its result as exit status. To be made while this process
// has no other thread.
pid_t start_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  int status = 99;
  try {
    status = body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
  }
  ::_exit(status);
}

int wait_child(pid_t child) {
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Bytes between two processes.
class Pipe {
 public:
  Pipe() { must_be_zero(::pipe(ends_.data())); }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void put(char byte) { must_be_zero(::write(ends_[1], &byte, 1) == 1 ? 0 : 1); }
  char get() {
    char byte = 0;
    must_be_zero(::read(ends_[0], &byte, 1) == 1 ? 0 : 1);
    return byte;
  }

 private:
  static void must_be_zero(int code) {
    if (code != 0) throw std::runtime_error("a pipe failed");
  }
  std::array<int, 2> ends_{};
};

TEST(ProcessIdentityTest, KnowsTheLivingFromTheDead) {
  const auto self = must(ProcessIdentity::current());
  EXPECT_TRUE(self.alive());
  EXPECT_EQ(self, must(ProcessIdentity::current()));

  ProcessIdentity earlier = self;
  earlier.start_time -= 1;
  EXPECT_FALSE(earlier.alive());
  ProcessIdentity before_boot = self;
  before_boot.boot_id = "another";
  EXPECT_FALSE(before_boot.alive());
}

TEST(ProcessIdentityTest, AProcessThatIsNotWaitedForIsDead) {
  Pipe ready;
  const pid_t child = start_child([&] { return ready.get() == 'x' ? 0 : 1; });
  std::ifstream stat(fmt::format("/proc/{}/stat", child));
  std::string line;
  std::getline(stat, line);
  ProcessIdentity identity = must(ProcessIdentity::current());
  identity.pid = child;
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  identity.start_time = std::stoll(field);
  EXPECT_TRUE(identity.alive());
  ready.put('x');
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_FALSE(identity.alive());
  EXPECT_EQ(wait_child(child), 0);
}

TEST(LeaseTest, OneOwnerAtATime) {
  const JournalFolder folder;
  Owner first(folder.file());
  Owner second(folder.file());
  auto lease = first.acquire();
  ASSERT_TRUE(lease) << lease.error().message;
  EXPECT_EQ(lease->run(), kRun);

  const auto refused = second.acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr(fmt::format("process {} (pareto test)", ::getpid())),
                    HasSubstr("since 2023-11-14 22:13:20 UTC"),
                    HasSubstr("pareto runs cancel " + kRun.value)));
  EXPECT_FALSE(first.acquire());
  EXPECT_TRUE(second.acquire({"another"}));
}

TEST(LeaseTest, EndsWithTheObject) {
  const JournalFolder folder;
  Owner first(folder.file());
  Owner second(folder.file());
  {
    const auto lease = first.acquire();
    ASSERT_TRUE(lease);
    EXPECT_TRUE(std::filesystem::exists(folder.path() + "/locks/" + kRun.value + ".lock"));
    EXPECT_TRUE(must(second.leases->holder(kRun)));
  }
  first.settle();
  EXPECT_EQ(must(second.leases->holder(kRun)), std::nullopt);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() + "/locks"));
  EXPECT_TRUE(second.acquire());
}

TEST(LeaseTest, CanBeTakenAgainRightAfterItWasGivenUp) {
  const JournalFolder folder;
  Owner owner(folder.file());
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(owner.acquire()) << i;
}

TEST(LeaseTest, MovesWithItsOwner) {
  const JournalFolder folder;
  Owner owner(folder.file());
  std::optional<Lease> kept;
  {
    auto lease = owner.acquire();
    ASSERT_TRUE(lease);
    kept.emplace(std::move(*lease));
  }
  EXPECT_FALSE(owner.acquire());
  kept.reset();
  EXPECT_TRUE(owner.acquire());
}

TEST(LeaseTest, SaysWhoHoldsIt) {
  const JournalFolder folder;
  Owner owner(folder.file());
  const auto lease = owner.acquire();
  EXPECT_EQ(
      must(owner.leases->holder(kRun)),
      (LeaseHolder{
          .process = must(ProcessIdentity::current()), .owner = "pareto test", .since = kNow}));
  EXPECT_EQ(must(owner.leases->holder({"another"})), std::nullopt);
}

TEST(LeaseTest, IsTakenOverFromADeadOwner) {
  const JournalFolder folder;
  const pid_t child = start_child([&] {
    Owner owner(folder.file());
    const auto lease = owner.acquire();
    ::kill(::getpid(), SIGKILL);
    return 0;
  });
  EXPECT_EQ(wait_child(child), -1);
  Owner next(folder.file());
  EXPECT_EQ(must(next.leases->holder(kRun)), std::nullopt);
  EXPECT_TRUE(next.acquire());
}

TEST(LeaseTest, IsNotTakenFromALiveProcessThatLostItsLockFile) {
  const JournalFolder folder;
  Pipe held;
  Pipe leave;
  const pid_t child = start_child([&] {
    Owner owner(folder.file());
    const auto lease = owner.acquire();
    held.put(lease ? 'y' : 'n');
    leave.get();
    return 0;
  });
  EXPECT_EQ(held.get(), 'y');
  std::filesystem::remove_all(folder.path() + "/locks");
  Owner other(folder.file());
  const auto refused = other.acquire();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr(fmt::format("process {}", child)));
  leave.put('x');
  EXPECT_EQ(wait_child(child), 0);
  EXPECT_TRUE(other.acquire());
}

TEST(LeaseTest, CarriesARequestToStop) {
  const JournalFolder folder;
  Owner owner(folder.file());
  Owner other(folder.file());
  std::optional<Lease> lease = must(owner.acquire());
  EXPECT_EQ(owner.leases->cancel_requested(kRun), false);
  EXPECT_TRUE(other.request_cancel(kRun));
  EXPECT_EQ(owner.leases->cancel_requested(kRun), true);
  EXPECT_TRUE(must(other.leases->holder(kRun))->cancel_requested);

  lease.reset();
  owner.settle();
  const auto next = other.acquire();
  EXPECT_TRUE(next);
  EXPECT_EQ(other.leases->cancel_requested(kRun), false);
}

TEST(LeaseTest, NobodyCanBeAskedToStopARunWithoutAnOwner) {
  const JournalFolder folder;
  Owner owner(folder.file());
  const auto asked = owner.request_cancel(kRun);
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, ErrorCode::not_found);
  EXPECT_EQ(owner.leases->cancel_requested(kRun), false);
}

TEST(LeaseTest, RefusesIdsThatAreNoFileNames) {
  const JournalFolder folder;
  Owner owner(folder.file());
  for (const char* id : {"", "../escape", "a/b", ".", "a b", "\xff"}) {
    const auto lease = owner.acquire({id});
    ASSERT_FALSE(lease) << id;
    EXPECT_EQ(lease.error().code, ErrorCode::invalid) << id;
  }
  EXPECT_FALSE(owner.acquire({std::string(65, 'x')}));
}

// Commands of the parent are 'g' (go for it), 'r' (release), 'q' (quit).
int race(const std::string& path, Pipe& commands, Pipe& replies) {
  Owner owner(path);
  std::optional<Lease> lease;
  for (;;) {
    switch (commands.get()) {
      case 'g': {
        auto acquired = owner.acquire();
        const bool denied = !acquired && acquired.error().code == ErrorCode::denied;
        if (acquired) lease.emplace(std::move(*acquired));
        replies.put(acquired ? 'W' : denied ? 'L' : 'E');
        break;
      }
      case 'r':
        lease.reset();
        owner.settle();
        replies.put('d');
        break;
      default:
        return 0;
    }
  }
}

TEST(LeaseRaceTest, OfTwoProcessesExactlyOneWinsEachTime) {
  const JournalFolder folder;
  std::array<Pipe, 2> commands;
  std::array<Pipe, 2> replies;
  std::array<pid_t, 2> children{};
  for (std::size_t i = 0; i < 2; ++i) {
    children[i] = start_child([&] { return race(folder.file(), commands[i], replies[i]); });
  }
  std::array<int, 2> wins{};
  for (int round = 0; round < 100; ++round) {
    for (Pipe& command : commands) command.put('g');
    const std::string outcome = {replies[0].get(), replies[1].get()};
    EXPECT_TRUE(outcome == "WL" || outcome == "LW") << "round " << round << ": " << outcome;
    for (std::size_t i = 0; i < 2; ++i) wins[i] += outcome[i] == 'W' ? 1 : 0;
    for (Pipe& command : commands) command.put('r');
    for (Pipe& reply : replies) reply.get();
  }
  for (Pipe& command : commands) command.put('q');
  for (const pid_t child : children) EXPECT_EQ(wait_child(child), 0);
  EXPECT_EQ(wins[0] + wins[1], 100);
}

}  // namespace
}  // namespace pareto
