#pragma once

#include <span>
#include <string_view>

#include "agent/core/action.h"
#include "agent/core/planner.h"
#include "agent/core/run.h"

namespace pareto {

// One thing that the loop looks after. Sees what is about to be done and passes it on, amends it or
// replaces it. Pure, and looks at a constant number of messages; its state is in the run.
struct Concern {
  std::string_view name;
  Action (*review)(const Run& run, Action draft, Instant now);
};

}  // namespace pareto
