#pragma once

#include "agent/core/concern.h"

namespace pareto {

// The same one to five calls with the same results, back to back: after the third time the model is
// told so, once; after the fifth the run stops.
inline constexpr int kRepeatsBeforeNudge = 3;
inline constexpr int kRepeatsBeforeStop = 5;

Action review_loop(const Run& run, Action draft, Instant now);

}  // namespace pareto
