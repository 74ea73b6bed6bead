#pragma once

#include <memory>

#include "tools/tool.h"

namespace pareto {

// Shows a file by numbered lines, a large one as an outline, a folder two levels deep.
std::shared_ptr<Tool> make_view_tool();

}  // namespace pareto
