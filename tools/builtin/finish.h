#pragma once

#include <memory>

#include "tools/tool.h"

namespace pareto {

// Ends the run; the runner takes the answer from its arguments.
std::shared_ptr<Tool> make_finish_tool();

}  // namespace pareto
