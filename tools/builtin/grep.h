#pragma once

#include <memory>

#include "tools/tool.h"

namespace pareto {

// Finds lines by an RE2 pattern.
std::shared_ptr<Tool> make_grep_tool();

}  // namespace pareto
