#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "tools/tool.h"

namespace pareto {

class Sandbox;

// An executable as a set of tools.
//
//   PROGRAM --describe   prints {"tools": [...]} (see pareto_plugin.h)
//   PROGRAM              reads {"tool": NAME, "arguments": {...}} from stdin and prints {"text":
//   ...}
//
// It runs in the sandbox, with its own folder shown read-only and the run's workspace as the
// current folder; a call that crashes, prints something else or outlives its time is an error
// result.
struct ExecPluginOptions {
  std::string name;     // for messages
  std::string program;  // absolute path
};

// Asks the program for its tools; blocks. not_found: there is no such program; protocol: its
// description makes no sense. `sandbox` outlives the tools.
Result<std::vector<std::shared_ptr<Tool>>> load_exec_plugin(const ExecPluginOptions& options,
                                                            const Sandbox& sandbox);

}  // namespace pareto
