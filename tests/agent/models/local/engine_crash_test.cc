#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdio>

#include "tests/agent/models/local/engine_fixture.h"

namespace pareto {
namespace {

using testing::alive;
using testing::EngineTest;
using testing::eventually;

class EngineCrashTest : public EngineTest {
 protected:
  ~EngineCrashTest() override {
    if (owner_ <= 0) return;
    ::kill(owner_, SIGKILL);
    ::waitpid(owner_, nullptr, 0);
  }

  // Another process acquires the engine; gives the engine's process id.
  int own_elsewhere(const EngineSpec& wanted) {
    int ends[2];
    if (::pipe(ends) != 0) return 0;
    owner_ = ::fork();
    if (owner_ == 0) {
      ::dup2(ends[1], 1);
      ::close(ends[0]);
      const std::string seconds = std::to_string(wanted.keep_alive);
      ::execl(PARETO_ENGINE_HELPER, PARETO_ENGINE_HELPER, "own", folder_.path().c_str(),
              PARETO_TEST_FOLDER "/fake_engine.py", wanted.weights.c_str(), seconds.c_str(),
              nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    FILE* output = ::fdopen(ends[0], "r");
    int pid = 0;
    if (std::fscanf(output, "%d", &pid) != 1) pid = 0;
    std::fclose(output);
    return pid;
  }

  EngineStatus only_engine() const {
    const std::vector<EngineStatus> engines = Engine::running(folder_.path());
    EXPECT_EQ(engines.size(), 1U);
    return engines.empty() ? EngineStatus{} : engines.front();
  }

  pid_t owner_ = -1;
};

TEST_F(EngineCrashTest, AKilledOwnerLeavesNoProcess) {
  const int engine = own_elsewhere(spec());
  ASSERT_GT(engine, 1);
  const int supervisor = only_engine().supervisor_pid;
  EXPECT_TRUE(alive(engine));
  ::kill(owner_, SIGKILL);
  EXPECT_TRUE(eventually([&] { return !alive(engine) && !alive(supervisor); }));
}

TEST_F(EngineCrashTest, AKilledOwnerTakesNothingFromAnother) {
  const int engine = own_elsewhere(spec());
  const Result<EngineLease> lease = acquire(spec());
  ASSERT_TRUE(lease) << lease.error().message;
  ASSERT_EQ(lease->status().pid, engine);
  ::kill(owner_, SIGKILL);
  ::waitpid(owner_, nullptr, 0);
  owner_ = -1;
  EngineLease kept = *acquire(spec());
  EXPECT_TRUE(Engine::renew(kept, Deadline::in(std::chrono::seconds(5), wall_now())));
  EXPECT_EQ(kept.status().pid, engine);
}

TEST_F(EngineCrashTest, AKilledSupervisorTakesTheEngineAlong) {
  const Result<EngineLease> lease = acquire(spec());
  ASSERT_TRUE(lease) << lease.error().message;
  ::kill(lease->status().supervisor_pid, SIGKILL);
  EXPECT_TRUE(eventually([&] { return !alive(lease->status().pid); }));
}

TEST_F(EngineCrashTest, AKilledEngineTakesTheSupervisorAlong) {
  const Result<EngineLease> lease = acquire(spec());
  ASSERT_TRUE(lease) << lease.error().message;
  ::kill(lease->status().pid, SIGKILL);
  EXPECT_TRUE(eventually([&] { return !alive(lease->status().supervisor_pid); }));
  EXPECT_TRUE(Engine::running(folder_.path()).empty());
}

TEST_F(EngineCrashTest, RenewStartsADeadEngineAgain) {
  for (const bool kill_supervisor : {false, true}) {
    Result<EngineLease> lease = acquire(spec());
    ASSERT_TRUE(lease) << lease.error().message;
    const EngineStatus before = lease->status();
    ::kill(kill_supervisor ? before.supervisor_pid : before.pid, SIGKILL);
    ASSERT_TRUE(eventually([&] { return !alive(before.pid) && !alive(before.supervisor_pid); }));
    const Result<void> renewed =
        Engine::renew(*lease, Deadline::in(std::chrono::minutes(1), wall_now()));
    ASSERT_TRUE(renewed) << renewed.error().message;
    EXPECT_TRUE(alive(lease->status().pid));
    EXPECT_NE(lease->status().pid, before.pid);
  }
}

// `pareto run | cat` must end although the engine lives on.
TEST_F(EngineCrashTest, TheEngineHoldsNothingOfItsFirstOwnerOpen) {
  EngineSpec wanted = spec();
  wanted.keep_alive = 60;
  const int engine = own_elsewhere(wanted);
  ASSERT_GT(engine, 1);
  for (const int pid : {engine, only_engine().supervisor_pid}) {
    for (const auto& file :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
      std::error_code ignored;
      const std::string target = std::filesystem::read_symlink(file.path(), ignored).string();
      EXPECT_THAT(target, ::testing::Not(::testing::StartsWith("pipe:"))) << pid;
    }
  }
}

}  // namespace
}  // namespace pareto
