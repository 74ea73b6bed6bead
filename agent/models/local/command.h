#pragma once

#include <string>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace pareto {

struct CommandOutput {
  int status = 0;      // exit status; 128 + signal when it was killed
  std::string output;  // stdout and stderr together, the last 64 KiB
};

// Runs a program of this machine with the caller's own environment, stdin closed, in a process
// group of its own that is killed at the deadline. Blocks. Errors: not_found (no such program),
// timeout.
Result<CommandOutput> run_command(const std::vector<std::string>& argv, Deadline deadline);

// The absolute path of a program, looked up on PATH as the shell does; empty when there is none.
std::string find_program(const std::string& name);

}  // namespace pareto
