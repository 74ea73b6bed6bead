#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/escape/escape.h"

namespace pareto::escape {
namespace {

using testing::HasSubstr;
using testing::Not;
using Steady = std::chrono::steady_clock;

TEST_P(EscapeTest, SeesNoProcessOfTheHost) {
  play([&] {
    const SandboxExit exit = attack(fmt::format(
        "cat /proc/*/environ | tr '\\0' '\\n'; cat /proc/{0}/environ /proc/{0}/cmdline\n"
        "cat /proc/*/cmdline | tr '\\0' '\\n'",
        getpid()));
    EXPECT_THAT(exit.output, Not(HasSubstr("PARETO_ESCAPE_SECRET")));
    EXPECT_THAT(exit.output, Not(HasSubstr(host().token)));
    EXPECT_THAT(exit.output, Not(HasSubstr("escape_test")));
    EXPECT_THAT(exit.output, HasSubstr("PYTHONDONTWRITEBYTECODE=1"));
    expect_unharmed();
  });
}

TEST_P(EscapeTest, TheEnvironmentHoldsNothingOfTheHost) {
  play([&] {
    const SandboxExit exit = attack("env | grep -v '^_=' | LC_ALL=C sort");
    EXPECT_EQ(exit.output,
              "CI=1\nGIT_PAGER=cat\nHOME=/tmp\nLANG=C.UTF-8\nNO_COLOR=1\nPAGER=cat\n"
              "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin\nPWD=/workspace\n"
              "PYTHONDONTWRITEBYTECODE=1\nSHLVL=1\nTERM=dumb\n");
    expect_unharmed();
  });
}

TEST_P(EscapeTest, KillsNoProcessOfTheHost) {
  play([&] {
    const pid_t victim = fork();
    ASSERT_GE(victim, 0);
    if (victim == 0) {
      pause();
      _exit(0);
    }
    const SandboxExit exit = attack(fmt::format("kill -9 {}; kill -9 -1; exit 3", victim));
    EXPECT_FALSE(exit.timed_out);
    EXPECT_EQ(waitpid(victim, nullptr, WNOHANG), 0) << "the process of the host was killed";
    kill(victim, SIGKILL);
    waitpid(victim, nullptr, 0);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, LeavesNoProcessBehind) {
  play([&] {
    // A daemon by the book: two forks, a session of its own, no descriptor of ours.
    const SandboxExit exit = attack(fmt::format(
        "(setsid sh -c '(exec -a {0} sleep 300 || exec sleep 300 # {0}\n) &' >/dev/null 2>&1 "
        "</dev/null &)\n"
        "nohup sh -c ': {0}; sleep 300' >/dev/null 2>&1 &\n"
        "trap '' TERM HUP INT; sleep 0.1; echo done",
        host().marker));
    EXPECT_EQ(exit.output, "done\n");
    EXPECT_FALSE(exit.limit.has_value());
    EXPECT_EQ(processes_with(host().marker), 0) << "immediately, not in a while";
    expect_unharmed();
  });
}

TEST_P(EscapeTest, SleepsNoLongerThanTheWallClock) {
  play([&] {
    SandboxLimits limits = quick();
    limits.wall = Milliseconds(300);
    const SandboxExit exit =
        attack("trap '' TERM INT HUP; echo before; (setsid sleep 300 &) ; sleep 300", limits);
    EXPECT_TRUE(exit.timed_out);
    EXPECT_EQ(exit.limit, SandboxLimit::wall);
    EXPECT_EQ(exit.output, "before\n");
    EXPECT_GE(exit.wall, Milliseconds(300));
    EXPECT_LT(exit.wall, Milliseconds(5'000));
    EXPECT_EQ(processes_with(host().marker), 0);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, StopsWhenAsked) {
  play([&] {
    std::stop_source source;
    std::jthread stopper([&] {
      std::this_thread::sleep_for(Milliseconds(200));
      source.request_stop();
    });
    const auto began = Steady::now();
    const auto exit = sandbox().run(command("sleep 300"), source.get_token());
    ASSERT_FALSE(exit);
    EXPECT_EQ(exit.error().code, ErrorCode::cancelled);
    EXPECT_LT(Steady::now() - began, std::chrono::seconds(5));
    EXPECT_EQ(processes_with(host().marker), 0);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, DiesWithItsParent) {
  play([&] {
    sandbox();
    const pid_t parent = fork();
    ASSERT_GE(parent, 0);
    if (parent == 0) {
      (void)sandbox().run(command("setsid sleep 300 & sleep 300"), {});
      _exit(0);
    }
    while (processes_with(host().marker) < 3) std::this_thread::sleep_for(Milliseconds(10));
    kill(parent, SIGKILL);
    waitpid(parent, nullptr, 0);
    EXPECT_TRUE(all_gone(host().marker));
    expect_unharmed();
  });
}

TEST_P(EscapeTest, AForkBombStaysSmall) {
  play([&] {
    SandboxLimits limits = quick();
    limits.wall = Milliseconds(1'500);
    limits.processes = 24;
    std::atomic<bool> over = false;
    int most = 0;
    std::jthread counter([&] {
      while (!over) most = std::max(most, processes_with(host().marker));
    });
    const SandboxExit exit = attack("bomb() { bomb | bomb & }; bomb; bomb; sleep 300", limits);
    over = true;
    counter.join();
    EXPECT_TRUE(exit.limit.has_value());
    // bubblewrap carries the marker too, twice.
    EXPECT_LE(most, limits.processes + 4);
    EXPECT_GT(most, limits.processes / 2) << "the bomb did not go off";
    EXPECT_EQ(processes_with(host().marker), 0);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, ThreadsCountAsProcesses) {
  play([&] {
    SandboxLimits limits = quick();
    limits.processes = 16;
    const SandboxExit exit = attack(
        "perl -e 'my $n = 0; while ($n < 100) { my $p = fork(); last unless defined $p; "
        "if (!$p) { sleep 300 } $n++ } print \"$n\\n\"'",
        limits);
    EXPECT_TRUE(exit.ok()) << exit.output;
    EXPECT_LE(std::stoi(exit.output), 16);
    EXPECT_GE(std::stoi(exit.output), 12);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, CommandsAtTheSameTimeDontMeet) {
  play([&] {
    sandbox();
    std::vector<std::jthread> threads;
    std::atomic<int> well = 0;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        const auto folder = host().folder / fmt::format("run-{}", i);
        std::filesystem::create_directory(folder);
        SandboxCommand one = command(fmt::format(
            "echo {0} > mine; sleep 0.2; cat mine; ls; ls /tmp; touch /tmp/mine; ps -e | wc -l",
            i));
        one.workspace = folder;
        const auto exit = sandbox().run(one, {});
        well += exit && exit->output.starts_with(fmt::format("{}\nmine\n", i));
      });
    }
    threads.clear();
    EXPECT_EQ(well, 4);
    expect_unharmed();
  });
}

}  // namespace
}  // namespace pareto::escape
