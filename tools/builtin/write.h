#pragma once

#include <memory>

#include "tools/tool.h"

namespace pareto {

class Sandbox;

// Writes a whole file. Not offered unless a task names it. `sandbox` outlives it.
std::shared_ptr<Tool> make_write_tool(const Sandbox& sandbox);

}  // namespace pareto
