#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/tool.h"

namespace pareto {

// Bounds on what a plugin may say.
inline constexpr std::size_t kMaxPluginBytes = 1 << 20;
inline constexpr std::size_t kMaxPluginTools = 64;

// Reads {"tools": [...]} as plugins of every kind print it (see pareto_plugin.h).
Result<std::vector<ToolSpec>> read_described(std::string_view text);

// Reads the reply to a call, {"text", "status"?, "changed_workspace"?, "paths"?}.
Result<ToolResult> read_reply(std::string_view text);

}  // namespace pareto
