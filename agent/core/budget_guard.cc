#include "agent/core/budget_guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace pareto {
namespace {

constexpr std::int64_t kSlackTokens = 64;
constexpr Milliseconds kMostHeldBack{30'000};
// What a dialect says at the end of a request so that one tool, or none, is called.
constexpr std::int64_t kInstructionBytes = 96;
// A note that a concern adds to the history between a reply and the wrap-up.
constexpr std::int64_t kNoteBytes = 512;
// A result has at least this room, which is more than a refusal or an interruption takes.
constexpr std::int64_t kLeastResult = 256;
// What clipping a text says of what is missing.
constexpr std::int64_t kClipBytes = 96;

std::int64_t output_bound(const RunState& run, const CallModel& call) {
  return call.max_output_tokens > 0 ? std::min(call.max_output_tokens, run.model.max_output_tokens)
                                    : run.model.max_output_tokens;
}

// Older journals hold only the size of the specs, whatever the model is shown of them.
std::int64_t tool_bytes(const RunState& run) {
  if (run.tools.empty()) return 0;
  if (run.tool_bytes > 0) return run.tool_bytes;
  return run.recall ? run.recall->tool_spec_bytes : 0;
}

// What a call adds to the history so far.
std::int64_t added_bytes(const RunState& run, const CallModel& call) {
  std::int64_t bytes = 0;
  for (const Message& message : call.append) bytes += size_of(message);
  if (!call.tail.empty()) bytes += static_cast<std::int64_t>(call.tail.size()) + frame_bytes(0);
  if (!run.tools.empty() && (!call.with_tools || !call.only_tool.empty())) {
    bytes += kInstructionBytes + 2 * static_cast<std::int64_t>(call.only_tool.size());
  }
  return bytes;
}

Money dearest_input(const Price& price) {
  return std::max({price.input, price.cached_input, price.cache_write});
}

Money price_of(const RunState& run, std::int64_t input, std::int64_t output) {
  if (!run.model.price) return Money();
  const Price& price = *run.model.price;
  return cost_of({.prompt_tokens = input, .completion_tokens = output},
                 {.input = dearest_input(price), .output = price.output});
}

// What the wrap-up may cost once this call has ended with as long a reply as it may have and the
// calls of that have their results.
Money wrap_up_reserve(const RunState& run, const CallModel& call, const CallModel& wrap_up) {
  std::int64_t input = prompt_bound(run, call) + output_bound(run, call);
  input += frame_bytes(call.with_tools ? kMostToolCalls : 0);
  input += call.with_tools ? kPromisedResults : 0;
  input += kNoteBytes + added_bytes(run, wrap_up);
  return price_of(run, input, output_bound(run, wrap_up));
}

// The longest prompt that this much pays for, with an answer of so many tokens; nothing when
// prompts are free.
std::optional<std::int64_t> affordable_prompt(const RunState& run, Money money,
                                              std::int64_t output) {
  const std::int64_t token = dearest_input(*run.model.price).to_nanos();
  if (token <= 0) return std::nullopt;
  __extension__ using Wide = __int128;
  constexpr Wide kMillion = 1'000'000;
  const Money left = money - price_of(run, 0, output);
  if (left <= Money()) return 0;
  const Wide tokens = Wide{left.to_nanos()} * kMillion / token;
  return static_cast<std::int64_t>(std::min<Wide>(tokens, INT64_MAX));
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

std::int64_t prompt_bound(const RunState& run, const CallModel& call) {
  std::int64_t tokens = run.prompt_tokens + run.bytes_since_prompt - run.reply_excess;
  if (run.prompt_tokens == 0) {
    tokens += tool_bytes(run);
    if (run.prompt_ceiling) tokens = std::min(tokens, *run.prompt_ceiling);
  }
  return tokens + added_bytes(run, call) + kSlackTokens;
}

Money worst_case(const RunState& run, const CallModel& call) {
  return price_of(run, prompt_bound(run, call), output_bound(run, call));
}

bool leaves_a_wrap_up(const Run& run, const CallModel& call, const Planner& planner) {
  const Money available = run->ledger.available();
  if (call.reserve > available) return false;
  if (call.wrap_up) return true;
  const auto wrap_up = planner.wrap_up(run);
  return !wrap_up || call.reserve + wrap_up_reserve(run.state(), call, *wrap_up) <= available;
}

std::size_t result_room(const Run& run, const Planner& planner) {
  const RunState& state = run.state();
  if (!state.limits.usd || !state.model.price || state.limit || state.step_from_planner) {
    return SIZE_MAX;
  }
  const auto wrap_up = planner.wrap_up(run);
  if (!wrap_up) return SIZE_MAX;
  const auto prompt =
      affordable_prompt(state, state.ledger.available(), output_bound(state, *wrap_up));
  if (!prompt) return SIZE_MAX;
  std::int64_t room = *prompt - prompt_bound(state, *wrap_up) - kNoteBytes - kClipBytes;
  for (const ToolCall& waiting : state.asked) {
    const Message frame{.role = Role::tool, .tool_call_id = waiting.id, .tool_name = waiting.name};
    room -= size_of(frame);
    if (&waiting != &state.asked.front()) room -= kLeastResult;
  }
  return static_cast<std::size_t>(std::max(room, kLeastResult));
}

bool out_of_time(const Run& run, Instant now) {
  return run->limits.seconds && run.worked(now) >= *run->limits.seconds - held_back(run.state());
}

Deadline call_deadline(const RunState& run, bool wrap_up, Instant now) {
  if (!run.limits.seconds) return Deadline::never();
  // A clock that was set back gives nobody more time.
  const Milliseconds since = std::max<Milliseconds>(now - run.last_at, Milliseconds(0));
  Milliseconds left = *run.limits.seconds - run.worked - since;
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
  if (!first && !leaves_a_wrap_up(run, *call, planner)) return refuse(run, call->reserve);
  return draft;
}

}  // namespace pareto
