#include "agent/core/budget_guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace pareto {
namespace {

constexpr std::int64_t kSlackTokens = 64;
constexpr Milliseconds kMostHeldBack{30'000};

std::int64_t output_bound(const RunState& run, const CallModel& call) {
  return call.max_output_tokens > 0 ? std::min(call.max_output_tokens, run.model.max_output_tokens)
                                    : run.model.max_output_tokens;
}

std::int64_t input_bound(const RunState& run, const CallModel& call) {
  std::int64_t tokens = run.prompt_tokens + run.bytes_since_prompt + kSlackTokens;
  if (run.prompt_tokens == 0) tokens += run.recall ? run.recall->tool_spec_bytes : 0;
  for (const Message& message : call.append) tokens += size_of(message);
  return tokens + static_cast<std::int64_t>(call.tail.size());
}

Money price_of(const RunState& run, std::int64_t input, std::int64_t output) {
  if (!run.model.price) return Money();
  const Price& price = *run.model.price;
  const Money dearest = std::max({price.input, price.cached_input, price.cache_write});
  return cost_of({.prompt_tokens = input, .completion_tokens = output},
                 {.input = dearest, .output = price.output});
}

// What the wrap-up may cost once this call has ended with as long a reply as it may have.
Money wrap_up_reserve(const RunState& run, const CallModel& call) {
  const std::int64_t input = input_bound(run, call) + output_bound(run, call) + kSlackTokens;
  return price_of(run, input, std::min(kWrapUpTokens, run.model.max_output_tokens));
}

Milliseconds held_back(const RunState& run) {
  return std::min(*run.limits.seconds / 10, kMostHeldBack);
}

Action refuse(const Run& run, Money wanted) {
  const std::string text =
      fmt::format("the next call may cost up to {} USD and {} USD of the budget are left",
                  wanted.to_string(), run->ledger.available().to_string());
  if (run->receipt.model_calls == 0) {
    return Finish{
        Status::limit, Reason::refused_budget, "",
        text + "; nothing was spent. Raise --usd, or lower the model's max_output_tokens"};
  }
  return Decide{LimitReached{Reason::usd, "budget_guard", text}};
}

}  // namespace

Money worst_case(const RunState& run, const CallModel& call) {
  return price_of(run, input_bound(run, call), output_bound(run, call));
}

bool out_of_time(const Run& run, Instant now) {
  return run->limits.seconds && run.worked(now) >= *run->limits.seconds - held_back(run.state());
}

Deadline call_deadline(const RunState& run, bool wrap_up, Instant now) {
  if (!run.limits.seconds) return Deadline::never();
  Milliseconds left = *run.limits.seconds - run.worked - (now - run.last_at);
  if (!wrap_up) left -= held_back(run);
  return Deadline::in(std::max(left, Milliseconds(0)), now);
}

Action guard_budget(const Run& run, Action draft, const Planner& planner, Instant now) {
  const bool works =
      std::holds_alternative<CallModel>(draft) || std::holds_alternative<CallTools>(draft);
  if (works && !run->limit && out_of_time(run, now)) {
    return Decide{LimitReached{Reason::seconds, "budget_guard",
                               fmt::format("{} s of work used", run.worked(now).count() / 1000)}};
  }
  auto* call = std::get_if<CallModel>(&draft);
  if (call == nullptr) return draft;
  call->max_output_tokens = output_bound(run.state(), *call);
  call->reserve = worst_case(run.state(), *call);
  const Money available = run->ledger.available();
  if (call->reserve > available) {
    if (!call->wrap_up) return refuse(run, call->reserve);
    return Decide{LimitReached{Reason::usd, "budget_guard", "no money left to wrap up"}};
  }
  const bool first = run->receipt.model_calls == 0;
  if (!first && !call->wrap_up && planner.wrap_up(run) &&
      call->reserve + wrap_up_reserve(run.state(), *call) > available) {
    return refuse(run, call->reserve);
  }
  return draft;
}

}  // namespace pareto
