#include "tools/sandbox/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tools/sandbox/folder.h"

namespace pareto::sandbox {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const Machine kMachine{.bwrap = "/usr/bin/bwrap", .helper = "/opt/helper", .disable_userns = true};

std::vector<std::string> argv_of(const SandboxCommand& command, const Identity& identity = {}) {
  auto made = make_arguments(kMachine, {}, command, identity, false);
  EXPECT_TRUE(made) << made.error().message;
  return made ? made->argv : std::vector<std::string>();
}

// Where the words stand one after the other; -1 if nowhere.
int position(const std::vector<std::string>& argv, const std::vector<std::string>& words) {
  const auto found = std::ranges::search(argv, words);
  return found.empty() ? -1 : static_cast<int>(found.begin() - argv.begin());
}

TEST(ArgumentsTest, ACommandsVariablesReachOnlyTheCommand) {
  SandboxCommand command{.argv = {"true"}, .environment = {{"LD_PRELOAD", "evil.so"}}};
  const auto made = make_arguments(kMachine, {}, command, {}, false);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->environment, std::vector<std::string>());
  EXPECT_GE(position(made->argv, {"--setenv", "LD_PRELOAD", "evil.so"}), 0);
}

TEST(ArgumentsTest, TheCommandComesLastAfterItsSeparator) {
  const auto argv = argv_of({.argv = {"--help", "--", "--bind", "/", "/"}});
  EXPECT_EQ(position(argv, {"--", "--help", "--", "--bind", "/", "/"}),
            static_cast<int>(argv.size()) - 6);
}

TEST(ArgumentsTest, TheCallersWorkspaceIsBoundAsItIs) {
  const Folder folder;
  const auto argv = argv_of({.argv = {"true"}, .workspace = folder.path(), .folder = "a/b"});
  EXPECT_GE(position(argv, {"--bind", folder.path(), "/workspace"}), 0);
  EXPECT_GE(position(argv, {"--chdir", "/workspace/a/b"}), 0);
  EXPECT_EQ(position(argv, {"--uid", "60600"}), -1);
}

TEST(ArgumentsTest, AnotherUidGetsTheWorkspaceByWayOfTheStage) {
  const Folder folder;
  SandboxCommand command{.argv = {"true"}, .workspace = folder.path()};
  command.read_only = {{folder.path(), "/opt/tools"}};
  Identity identity{.uid = 60600, .mapped = true, .owner = 7, .group = 8};
  const auto argv = argv_of(command, identity);
  EXPECT_GE(position(argv, {"launch"}), 0);
  EXPECT_GE(position(argv, {"--uid", "60600", "--stage", folder.path(), "--stage-mapped", "7", "8",
                            folder.path(), "--stage", "/opt/helper", "--"}),
            0);
  EXPECT_GE(position(argv, {"--ro-bind", "/tmp/0", "/opt/tools"}), 0);
  EXPECT_GE(position(argv, {"--bind", "/tmp/1", "/workspace"}), 0);
  EXPECT_GE(position(argv, {"--ro-bind", "/tmp/2", "/run/pareto-sandbox"}), 0);
}

TEST(ArgumentsTest, ProtectedPathsAreMountedAfterTheFoldersThatContainThem) {
  const Folder folder;
  fs::create_directories(folder.path() / ".git/hooks");
  SandboxCommand command{.argv = {"true"}, .workspace = folder.path()};
  command.protected_paths = {".git", "./.git/hooks", ".git/absent"};
  const auto argv = argv_of(command);
  const std::string git = folder.path() / ".git";
  const int whole = position(argv, {"--bind", folder.path(), "/workspace"});
  const int above = position(argv, {"--bind", git, "/workspace/.git"});
  const int kept = position(argv, {"--ro-bind", git, "/workspace/.git"});
  const int inner = position(argv, {"--ro-bind", git + "/hooks", "/workspace/.git/hooks"});
  EXPECT_LT(whole, above);
  EXPECT_LT(above, kept);
  EXPECT_LT(kept, inner);
  EXPECT_EQ(position(argv, {"--ro-bind", git + "/absent"}), -1);
}

TEST(ArgumentsTest, BareCommandsGetTheirVariablesDirectly) {
  const Folder folder;
  SandboxCommand command{.argv = {"true"}, .workspace = folder.path()};
  command.environment = {{"X", "1"}};
  const auto made = make_arguments({.helper = "/opt/helper"}, {}, command, {}, false);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->argv[1], "bare");
  EXPECT_THAT(made->environment, testing::Contains("X=1"));
}

void expect_refused(const SandboxCommand& command, const std::string& reason) {
  const auto checked = check(command);
  ASSERT_FALSE(checked) << reason;
  EXPECT_EQ(checked.error().code, ErrorCode::invalid);
  EXPECT_THAT(checked.error().message, HasSubstr(reason));
}

TEST(CheckTest, RefusesWhatCantBeMeant) {
  const Folder folder;
  const std::string path = folder.path();
  expect_refused({}, "empty");
  expect_refused({.argv = {""}}, "empty");
  expect_refused({.argv = {std::string("a\0b", 3)}}, "NUL");
  expect_refused({.argv = {"echo", std::string(200'000, 'x')}}, "put it into a file");
  expect_refused({.argv = {"true"}, .workspace = "relative"}, "absolute");
  expect_refused({.argv = {"true"}, .workspace = path + "/absent"}, "absolute path of a folder");
  expect_refused({.argv = {"true"}, .workspace = path, .folder = "../x"}, "leads out");
  expect_refused({.argv = {"true"}, .workspace = path, .folder = "/etc"}, "leads out");
  expect_refused({.argv = {"true"}, .folder = "a"}, "without a workspace");
  expect_refused({.argv = {"true"}, .workspace = path, .protected_paths = {"a/../../b"}},
                 "leads out");
  SandboxCommand limitless{.argv = {"true"}};
  limitless.limits.memory_bytes = 0;
  expect_refused(limitless, "above zero");
}

TEST(CheckTest, RefusesBindsOverTheSandboxsOwnFolders) {
  const auto with = [](std::string source, std::string target) {
    return SandboxCommand{.argv = {"true"}, .read_only = {{std::move(source), std::move(target)}}};
  };
  expect_refused(with("/absent", "/opt/x"), "must be absolute and exist");
  expect_refused(with("usr", "/opt/x"), "must be absolute and exist");
  expect_refused(with("/usr", "opt/x"), "absolute and have no dots");
  expect_refused(with("/usr", "/opt/../proc"), "absolute and have no dots");
  expect_refused(with("/usr", "/"), "absolute and have no dots");
  for (const char* taken : {"/proc", "/proc/sys", "/dev/shm", "/workspace", "/workspace/a"}) {
    expect_refused(with("/usr", taken), "sandbox's own");
  }
  for (const char* scratch : {"/tmp", "/var", "/var/tmp"}) {
    expect_refused(with("/usr", scratch), "would cover the sandbox's own /tmp");
  }
  EXPECT_TRUE(check(with("/usr", "/device")));
  EXPECT_TRUE(check(with("/usr", "/tmp/usr")));
}

}  // namespace
}  // namespace pareto::sandbox
