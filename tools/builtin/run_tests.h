#pragma once

#include <memory>

#include "tools/tool.h"

namespace pareto {

class Sandbox;

// Runs the task's own check in the sandbox and sums its report up. `sandbox` outlives it.
std::shared_ptr<Tool> make_run_tests_tool(const Sandbox& sandbox);

}  // namespace pareto
