#include "agent/io/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "agent/io/system_clock.h"

namespace pareto {
namespace {

using testing::HasSubstr;

ProcessSpec shell(std::string script) { return {.command = {"/bin/sh", "-c", std::move(script)}}; }

// Both ways of running a child must say the same.
enum class Way { blocking, on_the_loop };

class ProcessTest : public testing::TestWithParam<Way> {
 protected:
  Result<ProcessExit> run(ProcessSpec spec) {
    if (GetParam() == Way::blocking) return run_process(spec);
    Loop loop;
    Result<ProcessExit> result;
    ProcessHandlers handlers;
    handlers.on_exit = [&](ProcessExit exit) { result = std::move(exit); };
    const auto process = start_process(loop, std::move(spec), std::move(handlers));
    if (!process) return std::unexpected(process.error());
    loop.run();
    return result;
  }
};

INSTANTIATE_TEST_SUITE_P(Ways, ProcessTest, testing::Values(Way::blocking, Way::on_the_loop),
                         [](const auto& way) {
                           return way.param == Way::blocking ? "Blocking" : "OnTheLoop";
                         });

TEST_P(ProcessTest, GivesCodeAndBothOutputs) {
  const auto exit = run(shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 3);
  EXPECT_EQ(exit->signal, 0);
  EXPECT_EQ(exit->out, (ProcessOutput{"out\n", "", 0}));
  EXPECT_EQ(exit->err, (ProcessOutput{"err\n", "", 0}));
  EXPECT_GT(exit->peak_kb, 0U);
}

TEST_P(ProcessTest, FindsAProgramInPath) {
  const auto exit = run({.command = {"echo", "a b"}});
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->out.head, "a b\n");
}

TEST_P(ProcessTest, SaysWhatCannotBeStarted) {
  const auto missing = run({.command = {"/nowhere/program"}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("/nowhere/program can't be started"));
  const auto directory = run({.command = {"/"}});
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, ErrorCode::denied);
  const auto folder = run({.command = {"/bin/true"}, .folder = "/nowhere"});
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::not_found);
  const auto empty = run({});
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, ErrorCode::invalid);
}

TEST_P(ProcessTest, FeedsStdinWholeAndClosesIt) {
  ProcessSpec spec{.command = {"/usr/bin/wc", "-c"}};
  spec.input = std::string(1'000'000, 'x');
  const auto exit = run(std::move(spec));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->out.head, "1000000\n");
}

TEST_P(ProcessTest, AChildThatReadsNothingIsNoError) {
  ProcessSpec spec{.command = {"/bin/true"}};
  spec.input = std::string(1'000'000, 'x');
  const auto exit = run(std::move(spec));
  ASSERT_TRUE(exit);
  EXPECT_TRUE(exit->ok());
}

TEST_P(ProcessTest, KeepsHeadAndTailOfALargeOutput) {
  ProcessSpec spec = shell("printf abcdef; head -c 3000000 /dev/zero; printf uvwxyz");
  spec.head_bytes = 4;
  spec.tail_bytes = 5;
  const auto exit = run(std::move(spec));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->out, (ProcessOutput{"abcd", "vwxyz", 3'000'003}));
  EXPECT_EQ(exit->out.text(), "abcd\n[... 3000003 bytes left out ...]\nvwxyz");
}

TEST_P(ProcessTest, GivesTheEnvironmentAndFolderAskedFor) {
  ProcessSpec spec{.command = {"/bin/sh", "-c", "pwd; exec /usr/bin/env"}};
  spec.environment = {"A=1"};
  spec.folder = "/usr";
  const auto exit = run(std::move(spec));
  ASSERT_TRUE(exit);
  EXPECT_THAT(exit->out.head, HasSubstr("/usr\n"));
  EXPECT_THAT(exit->out.head, HasSubstr("A=1\n"));
  EXPECT_THAT(exit->out.head, testing::Not(HasSubstr("HOME=")));
}

TEST_P(ProcessTest, LeaksNoDescriptorAndHandsOverThoseNamed) {
  const int leak = open("/dev/null", O_RDONLY);  // not close-on-exec
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ProcessSpec spec = shell("echo given >&5; ls /proc/self/fd");
  spec.descriptors = {{ends[1], 5}};
  const auto exit = run(std::move(spec));
  char text[16] = {};
  const ssize_t count = read(ends[0], text, sizeof text - 1);
  for (const int fd : {leak, ends[0], ends[1]}) close(fd);
  ASSERT_TRUE(exit);
  EXPECT_EQ(count, 6);
  EXPECT_STREQ(text, "given\n");
  // 3 is the folder that ls reads.
  EXPECT_EQ(exit->out.head, "0\n1\n2\n3\n5\n");
}

TEST_P(ProcessTest, DescriptorsMaySwapNumbers) {
  int first[2];
  int second[2];
  ASSERT_EQ(pipe(first), 0);
  ASSERT_EQ(pipe(second), 0);
  ProcessSpec spec =
      shell("echo a >&" + std::to_string(second[1]) + "; echo b >&" + std::to_string(first[1]));
  spec.descriptors = {{first[1], second[1]}, {second[1], first[1]}};
  const auto exit = run(std::move(spec));
  char a = 0;
  char b = 0;
  EXPECT_EQ(read(first[0], &a, 1), 1);
  EXPECT_EQ(read(second[0], &b, 1), 1);
  for (const int fd : {first[0], first[1], second[0], second[1]}) close(fd);
  EXPECT_EQ(a, 'a');
  EXPECT_EQ(b, 'b');
}

TEST_P(ProcessTest, KillsTheWholeGroupAtTheDeadline) {
  ProcessSpec spec = shell("sleep 100 & sleep 100");
  spec.deadline = Deadline::in(Milliseconds(50), SystemClock().now());
  const auto exit = run(std::move(spec));
  ASSERT_TRUE(exit);
  EXPECT_TRUE(exit->timed_out);
  EXPECT_FALSE(exit->ok());
  EXPECT_EQ(exit->signal, SIGKILL);
  EXPECT_EQ(exit->code, 128 + SIGKILL);
  EXPECT_LT(exit->took, Milliseconds(5000));
}

TEST_P(ProcessTest, WhatAnEndedChildLeftBehindIsKilled) {
  const auto exit = run(shell("sleep 100 & echo $!"));
  ASSERT_TRUE(exit);
  EXPECT_TRUE(exit->ok());
  EXPECT_LT(exit->took, Milliseconds(5000));
  const pid_t left = std::stoi(exit->out.head);
  // It is dead or about to be; init reaps it.
  for (int i = 0; i < 200 && kill(left, 0) == 0; ++i) {
    std::this_thread::sleep_for(Milliseconds(5));
    std::string state(64, '\0');
    const int fd = open(("/proc/" + std::to_string(left) + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    state.resize(static_cast<std::size_t>(std::max<ssize_t>(read(fd, state.data(), 64), 0)));
    close(fd);
    if (state.find(") Z") != std::string::npos) return;
  }
  EXPECT_NE(kill(left, 0), 0) << "process " << left << " lives on";
}

TEST_P(ProcessTest, AProcessThatLeftTheGroupDoesNotHoldUsUp) {
  const auto exit = run(shell("setsid sleep 3 & echo done"));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->out.head, "done\n");
  EXPECT_LT(exit->took, Milliseconds(2500));
}

TEST_P(ProcessTest, SaysWhichSignalEndedIt) {
  const auto exit = run(shell("kill -TERM $$"));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGTERM);
  EXPECT_EQ(exit->code, 143);
}

TEST_P(ProcessTest, SignalsHaveTheirDefaultEffectInTheChild) {
  signal(SIGPIPE, SIG_IGN);
  const auto exit = run(shell("kill -PIPE $$; echo survived"));
  signal(SIGPIPE, SIG_DFL);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGPIPE);
}

TEST(RunProcessTest, StoppingKillsTheChild) {
  std::stop_source source;
  std::jthread stopper([&source] { source.request_stop(); });
  const auto exit = run_process(shell("sleep 100"), source.get_token());
  ASSERT_FALSE(exit);
  EXPECT_EQ(exit.error().code, ErrorCode::cancelled);
}

TEST(StartProcessTest, TalksToTheChildWhileItRuns) {
  Loop loop;
  std::unique_ptr<Process> process;
  std::string heard;
  std::optional<ProcessExit> exit;
  ProcessHandlers handlers;
  handlers.on_out = [&](std::string_view bytes) {
    heard += bytes;
    if (heard == "ready\n") process->write("hello\n");
    if (heard == "ready\ngot hello\n") process->close_input();
  };
  handlers.on_exit = [&](ProcessExit how) { exit = std::move(how); };
  process = std::move(*start_process(loop,
                                     shell("echo ready; while read x; do echo got $x; done; "
                                           "echo bye"),
                                     std::move(handlers), ProcessInput::open));
  loop.run();
  ASSERT_TRUE(exit);
  EXPECT_TRUE(exit->ok());
  EXPECT_EQ(heard, "ready\ngot hello\nbye\n");
  EXPECT_EQ(exit->out.head, "");
}

TEST(StartProcessTest, SignalsTheGroup) {
  Loop loop;
  std::unique_ptr<Process> process;
  std::optional<ProcessExit> exit;
  ProcessHandlers handlers;
  handlers.on_out = [&](std::string_view) { process->signal(SIGTERM); };
  handlers.on_exit = [&](ProcessExit how) { exit = std::move(how); };
  process =
      std::move(*start_process(loop, shell("echo ready; exec sleep 100"), std::move(handlers)));
  loop.run();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGTERM);
}

TEST(StartProcessTest, DestroyingItKillsAndReaps) {
  Loop loop;
  bool called = false;
  ProcessHandlers handlers;
  handlers.on_exit = [&](const ProcessExit&) { called = true; };
  auto process = std::move(*start_process(loop, shell("sleep 100"), std::move(handlers)));
  const pid_t pid = process->pid();
  EXPECT_EQ(kill(pid, 0), 0);
  process.reset();
  EXPECT_NE(kill(pid, 0), 0);
  loop.run();
  EXPECT_FALSE(called);
}

TEST(StartProcessTest, AHandlerMayDestroyTheProcess) {
  Loop loop;
  std::unique_ptr<Process> process;
  int calls = 0;
  ProcessHandlers handlers;
  handlers.on_out = [&](std::string_view) {
    ++calls;
    process.reset();
  };
  handlers.on_exit = [&](const ProcessExit&) { ++calls; };
  process = std::move(*start_process(loop, shell("echo a; sleep 100"), std::move(handlers)));
  loop.run();
  EXPECT_EQ(calls, 1);
}

TEST(StartProcessTest, ExitHandlerMayDestroyTheProcess) {
  Loop loop;
  std::unique_ptr<Process> process;
  const auto held = std::make_shared<int>(1);
  int calls = 0;
  ProcessHandlers handlers;
  handlers.on_exit = [&, held](const ProcessExit&) {
    process.reset();
    calls += *held;
  };
  process = std::move(*start_process(loop, shell("exit 0"), std::move(handlers)));
  loop.run();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace pareto
