#pragma once

#include "agent/core/event.h"
#include "apps/cli/globals.h"
#include "apps/system/system.h"

namespace pareto {

// Prints how a task would be worked on and why, as a table or as JSON. Makes no model call, stores
// nothing, and needs no weights.
Result<int> dry_run(System& system, const Globals& globals, const Started& started);

}  // namespace pareto
