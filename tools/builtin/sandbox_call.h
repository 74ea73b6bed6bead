#pragma once

#include <string>

#include "tools/sandbox/sandbox.h"
#include "tools/tool.h"

namespace pareto {

// Paths of a workspace that a command may not change, as git on the host runs what is there.
std::vector<std::string> guarded_paths(const std::string& workspace);

// Runs a shell command in the sandbox for a tool: at most `span` and not past the deadline.
struct SandboxCall {
  ToolResult result;  // status, changed files; `text` is empty unless no command was run
  SandboxExit exit;
  bool ran = false;
};
SandboxCall call_sandbox(const Sandbox& sandbox, const std::string& command, Milliseconds span,
                         const ToolContext& context);

// "exit status 1, 0.3 s" or "killed after 60 s: time is up".
std::string ending_of(const SandboxExit& exit);

}  // namespace pareto
