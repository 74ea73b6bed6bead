#pragma once

#include <span>

#include "agent/core/ports.h"

namespace pareto {

// The part of a recall that the tools of a task make.
Recall recall_of_tools(std::span<const ToolSpec> specs);

// What the router is asked for a run. Borrows all of its arguments.
Router::Question question_of(const Started& started, const Recall& recall,
                             std::span<const ModelInfo> models);

}  // namespace pareto
