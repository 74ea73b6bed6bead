#pragma once

#include <memory>

#include "tools/tool.h"

namespace pareto {

class Sandbox;

// Replaces one stretch of a file (see replace_once), or creates a file.
// An edit that breaks the syntax of a whole .py or .json file is not made. `sandbox` outlives it.
std::shared_ptr<Tool> make_edit_tool(const Sandbox& sandbox);

}  // namespace pareto
