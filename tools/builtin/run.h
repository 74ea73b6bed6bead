#pragma once

#include <memory>

#include "tools/tool.h"

namespace pareto {

class Sandbox;

// Runs a shell command in the sandbox, in the workspace. `sandbox` outlives it.
std::shared_ptr<Tool> make_run_tool(const Sandbox& sandbox);

}  // namespace pareto
