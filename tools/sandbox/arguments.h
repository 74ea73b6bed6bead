#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "tools/sandbox/environment.h"
#include "tools/sandbox/sandbox.h"

namespace pareto::sandbox {

// What create() found on this machine.
struct Machine {
  std::string bwrap;   // absolute path; empty: run bare
  std::string helper;  // absolute path
  bool disable_userns = false;
};

// How one command reaches its files.
struct Identity {
  uid_t uid = 0;        // of its own; 0: the caller's
  bool mapped = false;  // the workspace is mounted with its owner mapped to `uid`
  uid_t owner = 0;      // of the workspace
  gid_t group = 0;
};

// What is wrong with a command before anything is tried, in words; looks at the file system.
Result<void> check(const SandboxCommand& command);

// The command line of `pareto-sandbox` that runs the command, argv[0] included.
struct Arguments {
  std::vector<std::string> argv;
  // Of the started program itself: bubblewrap gets none of the command's variables, as LD_PRELOAD
  // among them would act outside of the sandbox.
  std::vector<std::string> environment;
};
Result<Arguments> make_arguments(const Machine& machine, const SandboxOptions& options,
                                 const SandboxCommand& command, const Identity& identity,
                                 bool cgroup);

// The user and group data bases of the sandbox: root, the command's user, nobody.
inline constexpr unsigned kInnerId = 1000;
std::string passwd_text();
std::string group_text();

}  // namespace pareto::sandbox
