#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "tools/sandbox/sandbox.h"

// What the escape tests share. Each body tries to get out of the sandbox or to use more than it
// may, and then asserts the state of the host. It runs as root and as an ordinary user.

namespace pareto::escape {

enum class Who { root, user };

inline std::ostream& operator<<(std::ostream& out, Who who) {
  return out << (who == Who::root ? "root" : "user");
}

// Somewhere on the host, owned by whoever runs the body:
//   folder/workspace   what the sandbox is given
//   folder/secret      a file with `token` in it that anybody may read and write
//   folder/other       another run's workspace, with a file `answer` with `token` in it
struct Host {
  std::filesystem::path folder;
  std::filesystem::path workspace;
  std::filesystem::path secret;
  std::filesystem::path other;
  std::string token;   // must never be seen inside
  std::string marker;  // put into the command lines of attackers, to find those left over
};

class EscapeTest : public testing::TestWithParam<Who> {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Runs the body as the user of this test. For another user than the current one that is a child
  // process, whose failures are reported as this test's.
  void play(const std::function<void()>& body);

  // The rest is for use in the body.

  // Runs the text by the shell in a sandbox; the sandbox itself must not fail.
  SandboxExit attack(const std::string& text, const SandboxLimits& limits = quick());
  SandboxExit attack(SandboxCommand command);
  SandboxCommand command(const std::string& text) const;
  static SandboxLimits quick();  // 20 s and the default limits else
  // That the host and the sandbox are as good as before.
  void expect_unharmed();
  // Ends the body: this machine lacks what the attack needs.
  [[noreturn]] void lacks(const std::string& what);

  const Sandbox& sandbox();
  SandboxOptions options() const;
  const Host& host() const { return host_; }

 private:
  void make_host();

  Host host_;
  std::optional<Sandbox> sandbox_;
};

// Processes of the host with the text in their command line, besides the caller.
int processes_with(const std::string& marker);
// Waits up to a second for them to go: killing is not instant when the killer was killed itself.
bool all_gone(const std::string& marker);
std::string read_text(const std::filesystem::path& path);
void write_text(const std::filesystem::path& path, const std::string& text);
std::int64_t bytes_below(const std::filesystem::path& folder);

}  // namespace pareto::escape
