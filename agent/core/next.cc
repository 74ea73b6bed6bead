#include "agent/core/next.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/core/budget_guard.h"

namespace pareto {
namespace {

constexpr int kFailedCallsBeforeGivingUp = 2;

// Errors after which another call can't help.
bool hopeless(const Run& run) {
  if (!run->call_error || run->replied) return false;
  switch (run->call_error->code) {
    case ErrorCode::protocol:
    case ErrorCode::internal:
      return run->failed_calls >= kFailedCallsBeforeGivingUp;
    case ErrorCode::cancelled:  // lost in a crash, or stopped for a limit that is known by now
      return false;
    default:
      return true;
  }
}

bool work_can_be_verified(const Run& run) {
  return run.task().verify && run->verified_revision != run->revision;
}

// How a run ends that can do no more. The verdict has the last word: verified work is a success
// whatever stopped it.
Finish concluded(const Run& run, Finish wanted) {
  Finish end = std::move(wanted);
  if (run->verdict && !run->verdict->error.empty() && run.task().verify) {
    return {Status::error, Reason::sandbox, end.answer, run->verdict->error};
  }
  if (run.task().verify && run->verdict && run->verdict->passed) {
    return {Status::success, run->limit ? run->limit->reason : Reason::verified, end.answer, ""};
  }
  if (end.status == Status::error || end.reason == Reason::refused_budget) return end;
  if (run->limit) {
    end.status = run->limit->reason == Reason::cancelled ? Status::cancelled : Status::limit;
    end.reason = run->limit->reason;
    end.error = run->limit->detail;
    return end;
  }
  if (run.task().verify) return {Status::failure, Reason::verify_failed, end.answer, end.error};
  // A planner that says of its own work that it came to nothing is believed.
  if (end.status == Status::failure) return end;
  const bool produced = !end.answer.empty() || run->revision > 0;
  return {produced ? Status::success : Status::failure, Reason::unverified, end.answer, end.error};
}

Action conclude(const Run& run, Finish wanted) {
  // Nothing was done yet: there is no work to look at.
  const bool untouched =
      run->receipt.model_calls == 0 || (wanted.status == Status::error && run->revision == 0);
  if (!untouched && work_can_be_verified(run)) return Verify{};
  return concluded(run, std::move(wanted));
}

// Calls that a limit overtook still get their results, so that the history stays valid. The wrap-up
// call's own `finish` is the one thing that still runs.
Action end_step(const Run& run) {
  const auto& asked = run->asked;
  const auto answer =
      run->wrapped_up ? std::ranges::find(asked, kFinishTool, &ToolCall::name) : asked.end();
  if (answer != asked.end() && asked.size() == 1) return CallTools{asked, false};
  const ToolCall& dropped = answer == asked.begin() ? asked.back() : asked.front();
  return Decide{StepEnded{ToolResult{.call_id = dropped.id,
                                     .status = ResultStatus::cancelled,
                                     .text = "Not run: a limit of this task was reached."}}};
}

// Whether a wrap-up call can't help. A call that ran into the time held back for it says nothing.
bool cannot_wrap_up(const Run& run) {
  const bool out_of_time = run->limit->reason == Reason::seconds && run->call_error &&
                           run->call_error->code == ErrorCode::timeout;
  return hopeless(run) && !out_of_time;
}

Action at_limit(const Run& run, const Planner& planner) {
  if (!run->asked.empty()) return end_step(run);
  if (!run->wrapped_up && !cannot_wrap_up(run) && run->receipt.model_calls > 0) {
    if (auto call = planner.wrap_up(run)) {
      call->wrap_up = true;
      return *call;
    }
  }
  return conclude(run, {Status::limit, run->limit->reason, planner.answer(run), ""});
}

Action propose(const Run& run, const Planner& planner, Instant now) {
  if (run->limit) return at_limit(run, planner);
  if (run->cancel_requested) {
    return Decide{LimitReached{Reason::cancelled, "cancel", "stopped on request"}};
  }
  if (!run->asked.empty()) return CallTools{run->asked, false};
  if (hopeless(run)) {
    if (run->call_error->code == ErrorCode::timeout && out_of_time(run, now)) {
      return Decide{LimitReached{Reason::seconds, "budget_guard", "the time is used up"}};
    }
    const bool too_long = run->call_error->code == ErrorCode::limit;
    return conclude(run, {Status::error, too_long ? Reason::context : Reason::model,
                          planner.answer(run), run->call_error->message});
  }
  Action action = planner.next(run);
  if (auto* finish = std::get_if<Finish>(&action)) return conclude(run, std::move(*finish));
  return action;
}

// A concern may have added a reminder. It is worth its tokens, but neither a refused call nor the
// wrap-up.
void reserve_again(const Run& run, const Planner& planner, CallModel& call) {
  const Money guarded = std::exchange(call.reserve, worst_case(run.state(), call));
  if (call.reserve <= guarded || leaves_a_wrap_up(run, call, planner)) return;
  const Money with_reminder = std::exchange(call.reserve, Money());
  std::string reminder = std::exchange(call.tail, {});
  call.reserve = worst_case(run.state(), call);
  // The first call may be made without anything held back behind it.
  if (leaves_a_wrap_up(run, call, planner) || with_reminder > run->ledger.available()) return;
  call.tail = std::move(reminder);
  call.reserve = with_reminder;
}

}  // namespace

Action next(const Run& run, const Planner* planner, std::span<const Concern> concerns, Instant now,
            ConcernWatch* watch) {
  if (run->outcome || run.busy()) return Wait{};
  if (!run->recall) return RecallAction{};
  if (!run->route) return RouteAction{};
  if (planner == nullptr)
    return Finish{Status::error, Reason::model, "", "no planner for the mode"};
  if (!run->planned) return Decide{planner->plan(run)};
  Action draft = propose(run, *planner, now);
  if (watch != nullptr) watch->begin();
  draft = guard_budget(run, std::move(draft), *planner, now);
  if (watch != nullptr) watch->done(0);
  // A wrap-up that can't be paid for: the work so far is verified without another call.
  if (auto* decide = std::get_if<Decide>(&draft);
      decide != nullptr && run->limit && std::holds_alternative<LimitReached>(decide->payload)) {
    return conclude(run, {Status::limit, run->limit->reason, planner->answer(run), ""});
  }
  for (std::size_t i = 0; i < concerns.size(); ++i) {
    draft = concerns[i].review(run, std::move(draft), now);
    if (watch != nullptr) watch->done(i + 1);
  }
  if (auto* call = std::get_if<CallModel>(&draft)) reserve_again(run, *planner, *call);
  return draft;
}

CallBegun begun(const Run& run, const CallModel& call, CallId id) {
  return {.call = std::move(id),
          .role = call.role,
          .model = run->model.name,
          .reserved = call.reserve,
          .priced = run->model.price.has_value(),
          .max_output_tokens = call.max_output_tokens,
          .appended = call.append,
          .tail = call.tail,
          .history_hash = run->history.hash_with(call.append),
          .wrap_up = call.wrap_up};
}

}  // namespace pareto
