#include "tests/escape/escape.h"

#include <dirent.h>
#include <fmt/format.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace pareto::escape {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;
constexpr int kSkipped = 77;

// Ends a body whose attack can't be tried here.
struct Lacking : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void become_nobody() {
  if (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
      setresuid(kNobody, kNobody, kNobody) != 0) {
    std::perror("could not become nobody");
    _exit(1);
  }
}

fs::path built_helper() {
  return fs::read_symlink("/proc/self/exe").parent_path() / "pareto-sandbox";
}

}  // namespace

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_text(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

int processes_with(const std::string& marker) {
  int count = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (name == std::to_string(getpid())) continue;
    count += read_text(entry.path() / "cmdline").find(marker) != std::string::npos;
  }
  return count;
}

bool all_gone(const std::string& marker) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (processes_with(marker) == 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

std::int64_t bytes_below(const fs::path& folder) {
  std::int64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    struct stat info{};
    if (lstat(entry.path().c_str(), &info) == 0) bytes += info.st_blocks * 512;
  }
  return bytes;
}

void EscapeTest::SetUp() {
  if (GetParam() == Who::root && geteuid() != 0) {
    GTEST_SKIP() << "skipped: only root can play root";
  }
}

void EscapeTest::TearDown() {
  std::error_code ignored;
  if (!host_.folder.empty()) fs::remove_all(host_.folder, ignored);
}

void EscapeTest::play(const std::function<void()>& body) {
  make_host();
  if (GetParam() == Who::root || geteuid() != 0) {
    try {
      body();
    } catch (const Lacking& lacking) {
      GTEST_SKIP() << lacking.what();
    }
    return;
  }
  std::fflush(nullptr);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    become_nobody();
    // Nothing may unwind out of here: there the parent's tests would run a second time.
    try {
      body();
    } catch (const Lacking& lacking) {
      std::puts(lacking.what());
      std::fflush(nullptr);
      _exit(kSkipped);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    std::fflush(nullptr);
    _exit(HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kSkipped) GTEST_SKIP() << "skipped, see above";
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
      << "the body, played by an ordinary user, failed; see above";
}

void EscapeTest::make_host() {
  std::string pattern = (fs::temp_directory_path() / "pareto-escape-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  host_.folder = pattern;
  host_.workspace = host_.folder / "workspace";
  host_.other = host_.folder / "other";
  host_.secret = host_.folder / "secret";
  host_.token = "token-" + host_.folder.filename().string().substr(14);
  host_.marker = "marker-" + host_.folder.filename().string().substr(14);
  // It may lie where nobody can't reach it.
  fs::copy_file(built_helper(), host_.folder / "pareto-sandbox");
  for (const fs::path& folder : {host_.workspace, host_.other}) fs::create_directory(folder);
  write_text(host_.secret, host_.token);
  write_text(host_.other / "answer", host_.token);
  fs::permissions(host_.secret, fs::perms(0666));
  fs::permissions(host_.folder / "pareto-sandbox", fs::perms(0755));
  setenv("PARETO_ESCAPE_SECRET", host_.token.c_str(), 1);
  if (GetParam() == Who::root || geteuid() != 0) return;
  for (const fs::path& path :
       {host_.folder, host_.workspace, host_.other, host_.other / "answer", host_.secret}) {
    ASSERT_EQ(chown(path.c_str(), kNobody, kNobody), 0);
  }
}

SandboxOptions EscapeTest::options() const {
  SandboxOptions options;
  options.helper = host_.folder / "pareto-sandbox";
  return options;
}

const Sandbox& EscapeTest::sandbox() {
  if (!sandbox_) {
    auto made = Sandbox::create(options());
    if (!made) lacks("a sandbox: " + made.error().message);
    sandbox_.emplace(std::move(*made));
  }
  return *sandbox_;
}

void EscapeTest::lacks(const std::string& what) {
  throw Lacking("skipped: this machine lacks " + what);
}

SandboxLimits EscapeTest::quick() {
  SandboxLimits limits;
  limits.wall = Milliseconds(20'000);
  return limits;
}

SandboxCommand EscapeTest::command(const std::string& text) const {
  SandboxCommand command;
  command.argv = shell_argv(fmt::format("# {}\n{}", host_.marker, text));
  command.workspace = host_.workspace;
  command.limits = quick();
  return command;
}

SandboxExit EscapeTest::attack(const std::string& text, const SandboxLimits& limits) {
  SandboxCommand attacker = command(text);
  attacker.limits = limits;
  return attack(std::move(attacker));
}

SandboxExit EscapeTest::attack(SandboxCommand attacker) {
  auto exit = sandbox().run(attacker, {});
  if (!exit) {
    ADD_FAILURE() << exit.error().message;
    return {};
  }
  const SandboxLayers& layers = exit->layers;
  EXPECT_TRUE(layers.namespaces && layers.seccomp && layers.rlimits && layers.watchdog)
      << to_string(layers);
  EXPECT_EQ(layers.own_uid, geteuid() == 0) << to_string(layers);
  return std::move(*exit);
}

void EscapeTest::expect_unharmed() {
  EXPECT_TRUE(all_gone(host_.marker)) << "processes were left over";
  EXPECT_EQ(read_text(host_.secret), host_.token);
  EXPECT_EQ(read_text(host_.other / "answer"), host_.token);
  const SandboxExit next = attack("echo well > next && cat next");
  EXPECT_EQ(next.output, "well\n");
  EXPECT_TRUE(next.ok());
  struct stat info{};
  EXPECT_EQ(stat((host_.workspace / "next").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, geteuid());
  fs::remove(host_.workspace / "next");
}

INSTANTIATE_TEST_SUITE_P(As, EscapeTest, testing::Values(Who::root, Who::user),
                         testing::PrintToStringParamName());

}  // namespace pareto::escape
