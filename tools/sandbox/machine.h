#pragma once

#include <string>

#include "agent/core/result.h"
#include "tools/sandbox/arguments.h"
#include "tools/sandbox/sandbox.h"

namespace pareto::sandbox {

// Finds bubblewrap (`Machine::bwrap` stays empty where it is not installed) and `pareto-sandbox`
// (without which nothing runs: `unavailable`).
Result<Machine> find_machine(const SandboxOptions& options);

// The absolute path of a program: itself if it has a slash, else the first in PATH; empty if none.
std::string find_program(const std::string& name, const std::string& path);

// Whether this process's user namespace is the machine's own, where root is root and may become any
// user.
bool has_all_uids();

// What an administrator can do about bubblewrap's complaint.
std::string advice_for(const std::string& complaint);

}  // namespace pareto::sandbox
