#pragma once

#include <cstddef>
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

// Times what looks after a run, since nothing in here has a clock. `begin` is called before the
// budget guard, `done` after it (0) and after each concern (from 1, in their order).
class ConcernWatch {
 public:
  virtual ~ConcernWatch() = default;
  virtual void begin() = 0;
  virtual void done(std::size_t which) = 0;
};

}  // namespace pareto
