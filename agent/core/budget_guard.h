#pragma once

#include "agent/core/concern.h"

namespace pareto {

// Always on and first. Sets the reservation of every model call, and stops a run before it could
// spend past its budget or work past its time. Holds back what the wrap-up call may cost and 10 %
// of the time, at most 30 s.
Action guard_budget(const Run& run, Action draft, const Planner& planner, Instant now);

// How many tokens the prompt of a call takes at most: tokens of the last prompt as reported + those
// of the reply to it + UTF-8 bytes added since + 64. Bytes alone on the first call, with those of
// the tools.
std::int64_t prompt_bound(const RunState& run, const CallModel& call);

// What a call may cost at most: its prompt bound at the dearest input price + its output bound at
// the output price.
Money worst_case(const RunState& run, const CallModel& call);

// Whether the budget bears the reservation of this call and, behind it, the wrap-up call: with as
// long a reply as the call may have, and kPromisedResults bytes of results if it has tools.
bool leaves_a_wrap_up(const Run& run, const CallModel& call, const Planner& planner);

// What the results of one step may always take together in the prompt of a wrap-up call.
inline constexpr std::int64_t kPromisedResults = 6 * 1024;

// How long the text of the next result may be so that the wrap-up call can still be paid; SIZE_MAX
// where nothing stands in the way. A result is shortened rather than the wrap-up lost: without
// money for another call nobody else would read it.
std::size_t result_room(const Run& run, const Planner& planner);

// Whether only the time that is held back for wrapping up is left.
bool out_of_time(const Run& run, Instant now);

// When a model call has to end so that there is time to wrap up.
Deadline call_deadline(const RunState& run, bool wrap_up, Instant now);

}  // namespace pareto
