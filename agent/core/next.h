#pragma once

#include <span>

#include "agent/core/action.h"
#include "agent/core/concern.h"
#include "agent/core/planner.h"
#include "agent/core/run.h"

namespace pareto {

// What to do next with a run. Pure. `planner` is the one of the run's route and may be null before
// there is a route. The order: what is under way is waited for; recall, route, plan; then the
// planner's wish, reviewed by the budget guard and the concerns in their order. At a limit: one
// wrap-up call, verification of the work so far, end. `watch` may be null.
Action next(const Run& run, const Planner* planner, std::span<const Concern> concerns, Instant now,
            ConcernWatch* watch = nullptr);

// The event that begins a call which `next` wants made.
CallBegun begun(const Run& run, const CallModel& call, CallId id);

}  // namespace pareto
