#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "tools/tool.h"

namespace pareto {

// A shared library with the C interface of tools/plugin/pareto_plugin.h.
struct CPluginOptions {
  std::string name;     // for messages
  std::string library;  // absolute path; owned by root or this user, writable by nobody else
  std::string sha256;   // hexadecimal; empty: not compared
  // Told what the plugin logs (a level of pareto_plugin.h), from any thread; may be empty.
  std::function<void(int level, std::string_view text)> log;
};

// Loads the library into this process, for good, and asks it for its tools. A call runs on a thread
// of its own: one that outlives its time is left behind, and its plugin is not called again.
// Errors: not_found, denied (owner, mode or hash), protocol (no entry point, another ABI, a
// description that makes no sense).
Result<std::vector<std::shared_ptr<Tool>>> load_c_plugin(const CPluginOptions& options);

}  // namespace pareto
