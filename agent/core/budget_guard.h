#pragma once

#include "agent/core/concern.h"

namespace pareto {

// Always on and first. Sets the reservation of every model call, and stops a run before it could
// spend past its budget or work past its time. Holds back what the wrap-up call may cost and 10 %
// of the time, at most 30 s.
Action guard_budget(const Run& run, Action draft, const Planner& planner, Instant now);

// What a call may cost at most: (tokens of the last prompt as reported + UTF-8 bytes added since +
// 64) at the dearest input price + output bound at the output price. Bytes alone on the first call.
Money worst_case(const RunState& run, const CallModel& call);

// Whether only the time that is held back for wrapping up is left.
bool out_of_time(const Run& run, Instant now);

// When a model call has to end so that there is time to wrap up.
Deadline call_deadline(const RunState& run, bool wrap_up, Instant now);

}  // namespace pareto
