#include "policies/concerns/turn_limit.h"

#include <fmt/format.h>

namespace pareto {

Action review_turn_limit(const Run& run, Action draft, Instant) {
  const auto* call = std::get_if<CallModel>(&draft);
  if (call == nullptr || call->wrap_up || call->role != Spender::agent || run->limit) return draft;
  if (!run->limits.turns || run->receipt.turns < *run->limits.turns) return draft;
  return Decide{
      LimitReached{Reason::turns, "turn_limit",
                   fmt::format("{} of {} turns are used", run->receipt.turns, *run->limits.turns)}};
}

}  // namespace pareto
