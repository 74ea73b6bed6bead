#include "policies/concerns/reminder.h"

#include <fmt/format.h>

namespace pareto {
namespace {

constexpr int kLastTurns = 5;

// Whether `used` of `limit` is the first count at or beyond a share of four quarters.
bool first_beyond(int used, int limit, int quarters) {
  return used * 4 >= limit * quarters && (used - 1) * 4 < limit * quarters;
}

std::string turns_left(const Run& run) {
  if (!run->limits.turns) return {};
  const int limit = *run->limits.turns;
  const int used = run->receipt.turns;
  const int left = limit - used;
  const bool due =
      left <= kLastTurns || first_beyond(used, limit, 2) || first_beyond(used, limit, 3);
  if (left <= 0 || !due) return {};
  return fmt::format("You have {} turn{} left to complete the task.", left, left == 1 ? "" : "s");
}

// Below a quarter, in hundredths of a cent.
std::string money_left(const Run& run) {
  if (!run->limits.usd) return {};
  const std::int64_t budget = run->limits.usd->to_nanos();
  const std::int64_t left = run->ledger.available().to_nanos();
  if (left >= budget / 4) return {};
  const std::string amount = Money::nanos(left / 100'000 * 100'000).to_string();
  return fmt::format("You have {} USD left.", amount.substr(0, amount.find('.') + 5));
}

}  // namespace

Action review_reminder(const Run& run, Action draft, Instant) {
  auto* call = std::get_if<CallModel>(&draft);
  if (call == nullptr || call->wrap_up || call->role != Spender::agent) return draft;
  if (!run->route || run->route->mode != Mode::agentic) return draft;
  std::string text = turns_left(run);
  if (const std::string money = money_left(run); !money.empty()) {
    text += text.empty() ? money : " " + money;
  }
  if (text.empty()) return draft;
  if (!call->tail.empty()) call->tail += "\n";
  call->tail += "ENVIRONMENT REMINDER: " + text;
  return draft;
}

}  // namespace pareto
