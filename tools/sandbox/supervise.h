#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "agent/core/result.h"
#include "tools/sandbox/child.h"
#include "tools/sandbox/disk_watch.h"
#include "tools/sandbox/sandbox.h"

namespace pareto::sandbox {

// Watches one child to its end.
struct Watched {
  bool started = false;     // the command itself ran
  bool unmappable = false;  // not started as the workspace can't be mounted with other owners
  bool stopped = false;     // by the token
  std::string complaint;    // why it did not start
  SandboxExit exit;         // without `layers`
};

struct WatchOptions {
  const SandboxLimits& limits;
  std::size_t stdout_bytes = 0;
  int own_generations = 1;  // processes that are not the command's, from the child downwards
  std::string workspace;    // watched for what is written; empty: none
  const SandboxPort* port = nullptr;  // gets the child's listening socket
};

// Reads what the child prints, samples what its tree uses, and kills the tree when a limit is
// passed or stop is asked for. Returns when every process of the tree is gone.
Result<Watched> supervise(Child child, const WatchOptions& options, std::stop_token stop);

}  // namespace pareto::sandbox
