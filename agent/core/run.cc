#include "agent/core/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"

namespace pareto {
namespace {

std::unexpected<Error> contradiction(const Event& event, std::string_view why) {
  return fail(ErrorCode::internal, fmt::format("event {} ({}) does not fit the run: {}", event.seq,
                                               name_of(event.payload), why));
}

void append(RunState& run, const Message& message) {
  run.history.append(message);
  run.bytes_since_prompt += size_of(message);
  if (run.prompt_ceiling) *run.prompt_ceiling += size_of(message);
}

// More bytes a token than any text has: then the count is not of this reply.
constexpr std::int64_t kMostBytesAToken = 16;

std::int64_t reply_excess(const Message& message, const Usage& usage) {
  const std::int64_t bytes = size_of(message);
  const std::int64_t frame = frame_bytes(message.tool_calls.size());
  if (bytes > kMostBytesAToken * usage.completion_tokens + frame) return 0;
  return std::max<std::int64_t>(0, bytes - usage.completion_tokens - frame);
}

// One overload a payload. They run after `check`, so that none can fail.
struct Apply {
  RunState& run;
  Instant at;

  void operator()(const Started& p) {
    run.started = p;
    run.limits = p.limits;
    run.ledger = Ledger(p.limits.usd);
  }

  void operator()(const Recalled& p) { run.recall = p.recall; }

  void operator()(const Routed& p) {
    run.route = p.route;
    run.model = p.model;
    run.tool_bytes = p.tool_bytes;
    run.limits = tightest(run.limits, p.route.limits);
    if (run.limits.usd != run.started.limits.usd) run.ledger.lower(*run.limits.usd);
  }

  void operator()(const Planned& p) {
    run.planned = true;
    run.tools = p.tools;
    for (const Message& message : p.messages) append(run, message);
  }

  void operator()(const CallBegun& p) {
    for (const Message& message : p.appended) append(run, message);
    // `check` saw that the call id is new; a budget that does not bear the amount is a limit that
    // the budget guard kept, except for a journal written under another one, which stays true.
    (void)run.ledger.reserve(Ledger::kRoot, p.call, p.role, p.priced ? p.reserved : Money());
    run.call = p;
    run.call->appended.clear();
    run.receipt.model_calls += 1;
    if (!p.priced) run.receipt.cost_known = false;
  }

  void operator()(const CallEnded& p) {
    (void)run.ledger.settle(p.call, p.settled);
    const auto role = static_cast<std::size_t>(run.call->role);
    const bool wrap_up = run.call->wrap_up;
    run.receipt.cost[role] += p.settled;
    if (p.usage) run.receipt.usage[role] += *p.usage;
    run.receipt.cost_estimated |= p.estimated;
    run.receipt.model_seconds += p.took;
    run.call.reset();
    run.replied = p.message.has_value();
    run.finish_reason = p.finish_reason;
    run.call_error = p.error;
    const bool lost = p.error && p.error->code == ErrorCode::cancelled;
    if (wrap_up && !lost) run.wrapped_up = true;
    if (!p.message) {
      run.failed_calls += lost ? 0 : 1;
      return;
    }
    run.failed_calls = 0;
    run.answer.reset();
    if (role == static_cast<std::size_t>(Spender::agent) && !wrap_up) run.receipt.turns += 1;
    // A provider may count the reply alone; then the bytes still have to stand for the prompt.
    if (p.usage && p.usage->prompt_tokens > 0) {
      run.prompt_tokens = p.usage->prompt_tokens;
      run.bytes_since_prompt = 0;
      run.reply_excess = reply_excess(*p.message, *p.usage);
      run.prompt_ceiling.reset();
    }
    append(run, *p.message);
    // Call ids come from the model: an approval must not reach a later call that repeats one.
    run.approved.clear();
    run.asked = p.message->tool_calls;
    run.step_begun = false;
    run.step_from_planner = false;
  }

  void operator()(const StepBegun& p) {
    run.asked = p.calls;
    run.step_begun = true;
    run.step_from_planner = p.from_planner;
  }

  void operator()(const StepEnded& p) {
    const ToolResult& result = p.result;
    const auto call = std::ranges::find(run.asked, result.call_id, &ToolCall::id);
    run.receipt.tool_calls += 1;
    if (!run.step_from_planner) {
      append(run, {.role = Role::tool,
                   .text = result.text,
                   .tool_call_id = result.call_id,
                   .tool_name = call->name});
      run.loop.add(*call, result);
    }
    if (run.loop.repeats() < 2) run.nudges = 0;
    run.invalid_calls = result.status == ResultStatus::invalid_call ? run.invalid_calls + 1 : 0;
    for (const std::string& path : result.paths) {
      FileUse& use = run.files[path];
      (result.changed_workspace ? use.edited : use.read) = true;
    }
    // An interrupted call may have changed anything.
    if (result.changed_workspace || result.status == ResultStatus::interrupted) run.revision += 1;
    if (call->name == kFinishTool && result.status == ResultStatus::ok) {
      const auto arguments = parse_json(call->arguments);
      run.answer = arguments && arguments->is_object() && arguments->contains("answer") &&
                           (*arguments)["answer"].is_string()
                       ? (*arguments)["answer"].get<std::string>()
                       : std::string();
    }
    run.asked.erase(call);
    if (run.asked.empty()) run.step_begun = false;
  }

  void operator()(const LimitReached& p) {
    if (!run.limit) run.limit = p;
  }

  void operator()(const Nudged& p) {
    append(run, {.role = Role::user, .text = p.text});
    run.nudges += 1;
  }

  void operator()(const Compacted& p) {
    run.history.replace(static_cast<std::size_t>(p.first), static_cast<std::size_t>(p.last),
                        p.summary);
    // Less than before, but for the message that is new.
    if (run.prompt_tokens > 0) {
      run.prompt_ceiling = run.prompt_tokens + run.bytes_since_prompt - run.reply_excess;
    }
    if (run.prompt_ceiling) *run.prompt_ceiling += size_of(p.summary);
    run.prompt_tokens = 0;
    run.bytes_since_prompt = run.history.bytes();
    run.reply_excess = 0;
  }

  void operator()(const ApprovalAsked& p) { run.awaiting_approval = p.call_ids; }

  void operator()(const ApprovalGiven& p) {
    run.awaiting_approval.clear();
    if (p.approved) run.approved.insert(run.approved.end(), p.call_ids.begin(), p.call_ids.end());
  }

  void operator()(const VerifyBegun&) { run.verifying = true; }

  void operator()(const Verified& p) {
    run.verifying = false;
    run.verdict = p.verdict;
    run.verified_revision = run.revision;
    run.verdicts += 1;
  }

  // Verification and questions have no effect by themselves: they are begun again.
  void operator()(const Resumed&) {
    run.verifying = false;
    run.awaiting_approval.clear();
  }
  void operator()(const CancelRequested&) { run.cancel_requested = true; }
  void operator()(const Finished& p) { run.outcome = p.outcome; }
};

// A step of the model's runs calls that wait for their result, and all of them: one that was left
// out would never get it. A planner's step needs that none waits.
Result<void> check_step(const RunState& run, const Event& event, const StepBegun& begun) {
  if (run.step_begun) return contradiction(event, "a step is under way");
  if (begun.calls.empty()) return contradiction(event, "a step without calls");
  const bool fits = begun.from_planner ? run.asked.empty() : run.asked == begun.calls;
  if (!fits) return contradiction(event, "its calls are not the ones that wait");
  return {};
}

// What must hold before an event may be applied.
Result<void> check(const RunState& run, const Event& event) {
  if (event.seq != run.seq + 1) {
    return contradiction(event, fmt::format("expected event {}", run.seq + 1));
  }
  if (std::holds_alternative<Started>(event.payload) != (event.seq == 1)) {
    return contradiction(event, "a run starts with `started`, once");
  }
  if (run.outcome) return contradiction(event, "the run has finished");
  if (const auto* begun = std::get_if<CallBegun>(&event.payload)) {
    if (run.call) return contradiction(event, "another call is under way");
    if (!run.asked.empty()) return contradiction(event, "tool calls wait for their results");
    if (begun->reserved < Money()) return contradiction(event, "a negative reservation");
    if (run.history.hash_with(begun->appended) != begun->history_hash) {
      return contradiction(event, "the history was changed");
    }
  } else if (const auto* begin = std::get_if<StepBegun>(&event.payload)) {
    return check_step(run, event, *begin);
  } else if (std::holds_alternative<Nudged>(event.payload) && !run.asked.empty()) {
    return contradiction(event, "tool calls wait for their results");
  } else if (const auto* ended = std::get_if<CallEnded>(&event.payload)) {
    if (!run.call || run.call->call != ended->call) return contradiction(event, "no such call");
  } else if (const auto* step = std::get_if<StepEnded>(&event.payload)) {
    if (std::ranges::find(run.asked, step->result.call_id, &ToolCall::id) == run.asked.end()) {
      return contradiction(event, "no such tool call");
    }
  } else if (const auto* compacted = std::get_if<Compacted>(&event.payload)) {
    if (run.call || !run.asked.empty()) return contradiction(event, "the history is in use");
    if (compacted->first < 0 || compacted->last <= compacted->first ||
        compacted->last > static_cast<std::int64_t>(run.history.size())) {
      return contradiction(event, "no such part of the history");
    }
  }
  return {};
}

}  // namespace

Result<void> Run::apply(const Event& event) {
  if (auto checked = check(state_, event); !checked) return checked;
  const bool first_or_resumed = event.seq == 1 || std::holds_alternative<Resumed>(event.payload);
  if (!first_or_resumed && event.at > state_.last_at) state_.worked += event.at - state_.last_at;
  state_.seq = event.seq;
  state_.last_at = event.at;
  std::visit(Apply{state_, event.at}, event.payload);
  return {};
}

Result<Run> Run::replay(std::span<const Event> events) {
  Run run;
  for (const Event& event : events) {
    if (auto applied = run.apply(event); !applied) return std::unexpected(applied.error());
  }
  return run;
}

Milliseconds Run::worked(Instant now) const {
  return state_.worked + (now > state_.last_at ? now - state_.last_at : Milliseconds(0));
}

Receipt Run::receipt() const {
  Receipt receipt = state_.receipt;
  receipt.seconds = state_.worked;
  return receipt;
}

bool Run::busy() const {
  return state_.call || state_.step_begun || state_.verifying || !state_.awaiting_approval.empty();
}

bool leaves_workspace_alone(const Run& run) {
  // What was told to stop may have ended a little after its result.
  return run->planned && !run->step_begun && !run->verifying && !run->cancel_requested;
}

std::vector<Payload> close_interrupted(const Run& run, std::span<const std::string> idempotent) {
  std::vector<Payload> closing;
  if (run->call) {
    closing.push_back(CallEnded{.call = run->call->call,
                                .settled = run->call->priced ? run->call->reserved : Money(),
                                .estimated = true,
                                .error = Error{ErrorCode::cancelled,
                                               "the program stopped while this call was under way; "
                                               "it is charged at its reservation and made again"}});
  }
  if (!run->step_begun) return closing;
  for (const ToolCall& call : run->asked) {
    if (std::ranges::find(idempotent, call.name) != idempotent.end()) continue;
    closing.push_back(StepEnded{ToolResult{
        .call_id = call.id,
        .status = ResultStatus::interrupted,
        .text = "The program stopped while this call was running. It may have had all, some or "
                "none of its effects. Look at the state of things before you repeat it."}});
  }
  return closing;
}

}  // namespace pareto
