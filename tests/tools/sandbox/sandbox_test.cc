#include "tools/sandbox/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tests/tools/sandbox/folder.h"

namespace pareto {
namespace {

using sandbox::Folder;
using testing::HasSubstr;

// Both ways of running a command; what holds for either is tested for both.
class SandboxTest : public testing::TestWithParam<bool> {
 protected:
  static SandboxOptions options(bool bare) {
    SandboxOptions options;
    if (bare) options = {.bwrap = "no-such-bwrap", .unsafe_no_sandbox = true};
    return options;
  }

  void SetUp() override {
    auto made = Sandbox::create(options(GetParam()));
    if (!made) GTEST_SKIP() << "skipped: " << made.error().message;
    sandbox_.emplace(std::move(*made));
  }

  SandboxCommand shell(const std::string& text) const {
    return {.argv = shell_argv(text), .workspace = folder_.path()};
  }

  SandboxExit run(const SandboxCommand& command) const {
    auto exit = sandbox_->run(command, {});
    EXPECT_TRUE(exit) << exit.error().message;
    return exit ? std::move(*exit) : SandboxExit{};
  }

  Folder folder_;
  std::optional<Sandbox> sandbox_;
};

TEST_P(SandboxTest, SaysHowACommandEnded) {
  const SandboxExit good = run(shell("echo out; echo err >&2"));
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(good.output, "out\nerr\n");
  EXPECT_EQ(good.stdout_text, "");
  const SandboxExit bad = run(shell("exit 3"));
  EXPECT_EQ(bad.exit_code, 3);
  EXPECT_EQ(bad.signal, 0);
  EXPECT_FALSE(bad.ok());
  const SandboxExit killed = run(shell("kill -SEGV $$"));
  EXPECT_EQ(killed.exit_code, 128 + SIGSEGV);
  EXPECT_EQ(killed.signal, SIGSEGV);
  EXPECT_FALSE(killed.limit);
}

TEST_P(SandboxTest, ACommandThatIsNotThereFailsLikeInAShell) {
  const SandboxExit exit = run({.argv = {"no-such-program"}, .workspace = folder_.path()});
  EXPECT_EQ(exit.exit_code, 127);
  EXPECT_EQ(exit.output, "no-such-program: command not found\n");
  folder_.write("data", "x");
  EXPECT_EQ(run({.argv = {"./data"}, .workspace = folder_.path()}).exit_code, 126);
}

TEST_P(SandboxTest, WordsReachTheCommandAsTheyAre) {
  const SandboxExit exit = run(
      {.argv = {"printf", "[%s]", "a b", "", "--", "$HOME", "\"'"}, .workspace = folder_.path()});
  EXPECT_EQ(exit.output, "[a b][][--][$HOME][\"']");
}

TEST_P(SandboxTest, WritesIntoTheWorkspace) {
  folder_.write("in", "text\n");
  EXPECT_EQ(run(shell("cat in; tr a-z A-Z < in > out")).output, "text\n");
  std::string text;
  std::ifstream(folder_.path() / "out") >> text;
  EXPECT_EQ(text, "TEXT");
}

TEST_P(SandboxTest, PassesStdinOn) {
  SandboxCommand command = shell("cat; echo; wc -c");
  command.stdin_text = "Grüße\nend";
  EXPECT_EQ(run(command).output, "Grüße\nend\n0\n");
  EXPECT_EQ(run(shell("cat")).output, "");
  command = shell("wc -c");
  command.stdin_text = std::string(3'000'000, 'x');
  EXPECT_EQ(run(command).output, "3000000\n");
}

TEST_P(SandboxTest, KeepsStdoutApartWhenAsked) {
  SandboxCommand command = shell("echo noise >&2; printf '{\"a\": \"\\033[1m\"}'");
  command.stdout_bytes = 1'000;
  const SandboxExit exit = run(command);
  EXPECT_EQ(exit.stdout_text, "{\"a\": \"\x1b[1m\"}");
  EXPECT_FALSE(exit.stdout_cut);
  EXPECT_THAT(exit.output, HasSubstr("noise\n"));
  EXPECT_THAT(exit.output, HasSubstr("{\"a\": \"\"}"));
  command.stdout_bytes = 3;
  const SandboxExit cut = run(command);
  EXPECT_EQ(cut.stdout_text, "{\"a");
  EXPECT_TRUE(cut.stdout_cut);
}

TEST_P(SandboxTest, StartsInTheFolderAndWithTheVariablesAskedFor) {
  std::filesystem::create_directories(folder_.path() / "sub/folder");
  SandboxCommand command = shell("basename $PWD; echo $X; echo $HOME");
  command.folder = "sub/folder";
  command.environment = {{"X", "a b"}};
  EXPECT_EQ(run(command).output, "folder\na b\n/tmp\n");
  EXPECT_EQ(run({.argv = {"pwd"}}).output, "/tmp\n");
}

TEST_P(SandboxTest, AReadOnlyFolderUnderTmpIsShownAtItsOwnPath) {
  const Folder shown;
  // Under root the command has a uid of its own, which a folder of mkdtemp would keep out.
  std::filesystem::permissions(shown.path(), std::filesystem::perms(0755));
  const std::string file = shown.write("note", "here\n");
  SandboxCommand command = shell("cat " + file + " && rm \"$(mktemp)\"");
  command.read_only = {{shown.path(), shown.path()}};
  const SandboxExit exit = run(command);
  EXPECT_EQ(exit.output, "here\n");
  EXPECT_TRUE(exit.ok());
}

TEST_P(SandboxTest, TellsATimeOutFromAFailure) {
  SandboxCommand command = shell("echo before; sleep 100");
  command.limits.wall = Milliseconds(200);
  const SandboxExit exit = run(command);
  EXPECT_TRUE(exit.timed_out);
  EXPECT_EQ(exit.limit, SandboxLimit::wall);
  EXPECT_EQ(exit.output, "before\n");
  EXPECT_LT(exit.wall, Milliseconds(10'000));
}

TEST_P(SandboxTest, WaitsForNobodyElse) {
  // A leftover that holds the pipe open must not keep the call.
  const SandboxExit exit = run(shell("(sleep 100 &) ; setsid sleep 100 & echo done"));
  EXPECT_EQ(exit.output, "done\n");
  EXPECT_LT(exit.wall, Milliseconds(10'000));
}

TEST_P(SandboxTest, ATreeOfTooManyProcessesOrTooMuchMemoryEnds) {
  SandboxCommand command = shell("perl -e '$x = \"x\" x 80000000; sleep 100'");
  command.limits.memory_bytes = 50 << 20;
  EXPECT_EQ(run(command).limit, SandboxLimit::memory);
}

TEST_P(SandboxTest, StopsBeforeItStarted) {
  std::stop_source source;
  source.request_stop();
  const auto exit = sandbox_->run(shell("sleep 100"), source.get_token());
  ASSERT_FALSE(exit);
  EXPECT_EQ(exit.error().code, ErrorCode::cancelled);
}

TEST_P(SandboxTest, RefusesACommandThatCantBeMeant) {
  const auto exit = sandbox_->run({.argv = {}}, {});
  ASSERT_FALSE(exit);
  EXPECT_EQ(exit.error().code, ErrorCode::invalid);
  SandboxCommand command = shell("true");
  command.environment = {{"A=B", "x"}};
  EXPECT_EQ(sandbox_->run(command, {}).error().code, ErrorCode::invalid);
}

TEST_P(SandboxTest, SaysWhichLayersHeld) {
  const SandboxLayers layers = run(shell("true")).layers;
  EXPECT_EQ(layers.namespaces, !GetParam());
  EXPECT_EQ(layers.seccomp, !GetParam());
  EXPECT_EQ(layers.own_uid, !GetParam() && geteuid() == 0);
  EXPECT_TRUE(layers.rlimits);
  EXPECT_TRUE(layers.watchdog);
}

INSTANTIATE_TEST_SUITE_P(With, SandboxTest, testing::Values(false, true), [](const auto& test) {
  return test.param ? "unsafe_no_sandbox" : "bubblewrap";
});

TEST(SandboxCreateTest, RefusesWithoutBubblewrapAndSaysHowToMendIt) {
  const auto sandbox = Sandbox::create({.bwrap = "no-such-bwrap"});
  ASSERT_FALSE(sandbox);
  EXPECT_EQ(sandbox.error().code, ErrorCode::unavailable);
  EXPECT_THAT(sandbox.error().message, HasSubstr("apt install bubblewrap"));
}

TEST(SandboxCreateTest, RefusesABubblewrapThatDoesNotWork) {
  const Folder folder;
  const auto broken = folder.write(
      "bwrap", "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n");
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(broken, std::filesystem::perms(0755));
  const auto sandbox = Sandbox::create({.bwrap = broken});
  ASSERT_FALSE(sandbox);
  EXPECT_EQ(sandbox.error().code, ErrorCode::unavailable);
}

TEST(SandboxCreateTest, RefusesAHelperThatIsNotThere) {
  const auto sandbox = Sandbox::create({.helper = "/absent/pareto-sandbox"});
  ASSERT_FALSE(sandbox);
  EXPECT_THAT(sandbox.error().message, HasSubstr("pareto-sandbox"));
}

class SandboxPortTest : public testing::Test {
 protected:
  void SetUp() override {
    auto made = Sandbox::create({});
    if (!made) GTEST_SKIP() << "skipped: " << made.error().message;
    sandbox_.emplace(std::move(*made));
  }

  // Serves one connection with a line while the command runs.
  SandboxExit serve(const std::string& text) {
    std::thread server;
    SandboxCommand command{.argv = {"/bin/bash", "-c", text}, .workspace = folder_.path()};
    command.port = SandboxPort{kPort, [&server](Descriptor listener) {
                                 server = std::thread([listener = std::move(listener)] {
                                   const Descriptor peer(accept(listener.get(), nullptr, nullptr));
                                   EXPECT_EQ(write(peer.get(), "served\n", 7), 7);
                                 });
                               }};
    auto exit = sandbox_->run(command, {});
    EXPECT_TRUE(exit) << exit.error().message;
    server.join();
    return exit ? std::move(*exit) : SandboxExit{};
  }

  static constexpr std::uint16_t kPort = 18'766;
  Folder folder_;
  std::optional<Sandbox> sandbox_;
};

TEST_F(SandboxPortTest, TheCallerServesAPortOfTheSandboxsOwn) {
  EXPECT_EQ(serve("cat < /dev/tcp/127.0.0.1/18766").output, "served\n");
}

TEST_F(SandboxPortTest, ItIsTheOnlyWayOut) {
  const Descriptor host(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(host.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(host.get(), 1), 0);
  ASSERT_EQ(getsockname(host.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const SandboxExit exit =
      serve("for to in 127.0.0.1/" + std::to_string(ntohs(address.sin_port)) +
            " 192.0.2.1/80 10.0.0.1/80; do (: < /dev/tcp/$to) 2> /dev/null && echo reached $to; "
            "done; cat < /dev/tcp/127.0.0.1/18766");
  EXPECT_EQ(exit.output, "served\n");
}

TEST_F(SandboxPortTest, NobodyOutsideReachesIt) {
  SandboxCommand command{.argv = {"true"}};
  command.port = SandboxPort{
      kPort, [](const Descriptor&) {
        const Descriptor client(socket(AF_INET, SOCK_STREAM, 0));
        sockaddr_in to{
            .sin_family = AF_INET, .sin_port = htons(kPort), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        EXPECT_NE(connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
      }};
  const auto exit = sandbox_->run(command, {});
  ASSERT_TRUE(exit) << exit.error().message;
  EXPECT_TRUE(exit->ok());
}

TEST_F(SandboxPortTest, APortTakesANumberAndSomebodyToServeIt) {
  SandboxCommand command{.argv = {"true"}, .port = SandboxPort{.number = kPort}};
  EXPECT_EQ(sandbox_->run(command, {}).error().code, ErrorCode::invalid);
  command.port = SandboxPort{.take = [](const Descriptor&) {}};
  EXPECT_EQ(sandbox_->run(command, {}).error().code, ErrorCode::invalid);
}

TEST_F(SandboxPortTest, IsRefusedWithoutANetworkNamespace) {
  const auto bare = Sandbox::create({.bwrap = "no-such-bwrap", .unsafe_no_sandbox = true});
  ASSERT_TRUE(bare);
  SandboxCommand command{.argv = {"true"},
                         .port = SandboxPort{kPort, [](const Descriptor&) { FAIL(); }}};
  EXPECT_EQ(bare->run(command, {}).error().code, ErrorCode::unavailable);
}

// Root of a container that has this one uid: runs the body in a child, 0 if it returned true.
int as_root_of_a_container(bool (*body)(const std::string& folder), const std::string& folder) {
  const pid_t child = fork();
  if (child == 0) {
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) _exit(77);
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1\n";
    std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1\n";
    _exit(body(folder) ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(SandboxCreateTest, ARootWithoutFurtherUidsRunsCommandsAsItself) {
  const Folder folder;
  const int code = as_root_of_a_container(
      [](const std::string& path) {
        const auto sandbox = Sandbox::create({});
        if (!sandbox) return false;
        const auto exit = sandbox->run({.argv = shell_argv("echo x > new"), .workspace = path}, {});
        return exit && exit->ok() && exit->layers.namespaces && !exit->layers.own_uid;
      },
      folder.path());
  if (code == 77) GTEST_SKIP() << "skipped: no user namespaces here";
  EXPECT_EQ(code, 0);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "new"));
}

TEST(SandboxProbeTest, NamesEveryLayerOnce) {
  const auto report = Sandbox::probe({});
  std::vector<std::string> layers;
  for (const SandboxProbe& line : report) {
    layers.push_back(line.layer);
    EXPECT_NE(line.detail, "") << line.layer;
    EXPECT_EQ(line.advice.empty(), line.available) << line.layer;
  }
  std::ranges::sort(layers);
  EXPECT_EQ(std::ranges::adjacent_find(layers), layers.end());
  EXPECT_THAT(layers, testing::IsSupersetOf({"bubblewrap", "cgroup", "seccomp", "watchdog"}));
}

TEST(SandboxProbeTest, SaysWhatToInstall) {
  const auto report = Sandbox::probe({.bwrap = "no-such-bwrap"});
  EXPECT_EQ(report.front().layer, "bubblewrap");
  EXPECT_FALSE(report.front().available);
  EXPECT_THAT(report.front().advice, HasSubstr("apt install bubblewrap"));
}

TEST(ShellArgvTest, RunsTheTextByAShell) {
  const auto argv = shell_argv("a 'b'");
  ASSERT_EQ(argv.size(), 3U);
  EXPECT_EQ(argv[1], "-c");
  EXPECT_EQ(argv[2], "a 'b'");
}

TEST(SandboxLayersTest, AreNamed) {
  EXPECT_EQ(to_string(SandboxLayers{}), "none");
  EXPECT_EQ(to_string(SandboxLayers{.namespaces = true, .rlimits = true}), "namespaces rlimits");
}

}  // namespace
}  // namespace pareto
