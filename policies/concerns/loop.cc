#include "policies/concerns/loop.h"

#include <fmt/format.h>

namespace pareto {

Action review_loop(const Run& run, Action draft, Instant) {
  // Before a model call every tool call has its result, so a message may join the history.
  const auto* call = std::get_if<CallModel>(&draft);
  if (call == nullptr || call->wrap_up || run->limit) return draft;
  const int repeats = run->loop.repeats();
  if (repeats >= kRepeatsBeforeStop) {
    return Decide{LimitReached{
        Reason::loop, "loop",
        fmt::format("the last calls were made {} times with the same results", repeats)}};
  }
  if (repeats >= kRepeatsBeforeNudge && run->nudges == 0) {
    return Decide{Nudged{"loop",
                         "You repeat the same calls and get the same results. Try something else, "
                         "or call finish with the best answer you have."}};
  }
  return draft;
}

}  // namespace pareto
