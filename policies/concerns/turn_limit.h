#pragma once

#include "agent/core/concern.h"

namespace pareto {

// Stops before a call of the agent beyond the limit of turns; the wrap-up call is free. A limit of
// zero allows none.
Action review_turn_limit(const Run& run, Action draft, Instant now);

}  // namespace pareto
