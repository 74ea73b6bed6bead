#pragma once

#include <string>
#include <vector>

#include "agent/core/result.h"
#include "apps/system/config.h"

namespace pareto {

// Exit statuses of every command; `run` has more of its own (apps/cli/run_command.h).
inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitLimit = 3;
inline constexpr int kExitInfrastructure = 4;
inline constexpr int kExitCancelled = 130;

// Flags that work with every command.
struct Globals {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool unsafe_no_sandbox = false;
  std::string state;
};

// The effective configuration with `flags` (each with its flag as origin) on top.
Result<Config> load_config(const Globals& globals, std::vector<Setting> flags = {});

// Prints an error to stderr as "pareto: ..." and gives the exit status that fits its code, as `run`
// and `bench` tell it: 2 what the caller got wrong, 4 what failed around them, 130 cancelled.
int report(const Error& error);
// The same for every other command, where 1 is whatever failed.
int report_failed(const Error& error);

// Whether to use colour and a live line on stderr: a terminal, no NO_COLOR, not --quiet.
bool lively(const Globals& globals);

}  // namespace pareto
