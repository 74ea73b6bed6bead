#include "tests/support/pure_driver.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "agent/core/budget_guard.h"
#include "agent/core/next.h"

namespace pareto::testing {

PureDriver::PureDriver(ScriptedWorld world, const Planner& planner, std::vector<Concern> concerns)
    : world_(std::move(world)), planner_(planner), concerns_(std::move(concerns)) {}

void PureDriver::start(Started started) { record(std::move(started)); }

void PureDriver::resume(std::span<const Event> events, std::span<const std::string> idempotent) {
  auto run = Run::replay(events);
  ASSERT_TRUE(run) << run.error().message;
  run_ = std::move(*run);
  events_.assign(events.begin(), events.end());
  if (!events.empty()) now_ = events.back().at + Milliseconds(60'000);
  std::vector<Payload> closing = close_interrupted(run_, idempotent);
  record(Resumed{"second owner"});
  for (Payload& payload : closing) record(std::move(payload));
}

void PureDriver::record(Payload payload) {
  Event event{run_->seq + 1, now_, std::move(payload)};
  const auto applied = run_.apply(event);
  ASSERT_TRUE(applied) << applied.error().message;
  events_.push_back(std::move(event));
}

bool PureDriver::advance() {
  if (::testing::Test::HasFatalFailure() || run_->outcome) return false;
  if (run_->call) {
    end_call();
  } else if (run_->step_begun) {
    end_first_tool_call();
  } else if (run_->verifying) {
    EXPECT_FALSE(world_.verdicts.empty()) << "a verification that the test did not expect";
    if (world_.verdicts.empty()) return false;
    const Verdict verdict = world_.verdicts.front();
    if (world_.verdicts.size() > 1) world_.verdicts.pop_front();
    now_ += verdict.took;
    record(Verified{verdict});
  } else if (!run_->awaiting_approval.empty()) {
    const auto ids = run_->awaiting_approval;
    record(ApprovalGiven{ids, world_.approve, "test"});
    for (const std::string& id : ids) {
      if (world_.approve) break;
      record(StepEnded{
          {.call_id = id, .status = ResultStatus::denied, .text = "A person refused this call."}});
    }
  } else {
    const Action action = next(run_, &planner_, concerns_, now_);
    if (on_action) on_action(run_, action);
    if (std::holds_alternative<Wait>(action)) return false;
    perform(action);
  }
  return true;
}

std::optional<Outcome> PureDriver::drive(int actions) {
  while (actions-- > 0 && advance()) {
  }
  return run_->outcome;
}

void PureDriver::perform(const Action& action) {
  if (std::holds_alternative<RecallAction>(action)) {
    record(Recalled{world_.recall});
  } else if (std::holds_alternative<RouteAction>(action)) {
    Route route = world_.route;
    route.mode = planner_.mode();
    record(Routed{std::move(route), world_.model});
  } else if (const auto* decide = std::get_if<Decide>(&action)) {
    record(decide->payload);
  } else if (const auto* call = std::get_if<CallModel>(&action)) {
    begin_call(*call);
  } else if (const auto* step = std::get_if<CallTools>(&action)) {
    record(StepBegun{step->calls, step->from_planner});
  } else if (const auto* ask = std::get_if<AskPerson>(&action)) {
    record(ApprovalAsked{ask->call_ids, ask->question});
  } else if (std::holds_alternative<Verify>(action)) {
    record(VerifyBegun{});
  } else if (const auto* end = std::get_if<Finish>(&action)) {
    finish(*end);
  }
}

void PureDriver::begin_call(const CallModel& call) {
  record(begun(run_, call, CallId{fmt::format("call-{}", run_->receipt.model_calls + 1)}));
  ++calls_made_;
}

void PureDriver::end_call() {
  ScriptedReply reply{.usage = std::nullopt,
                      .error = Error{ErrorCode::unavailable, "the script has no more replies"}};
  if (world_.reply) {
    reply = world_.reply(run_);
  } else if (!world_.replies.empty()) {
    reply = world_.replies.front();
    world_.replies.pop_front();
  }
  now_ += reply.took;
  CallEnded ended{.call = run_->call->call,
                  .usage = reply.usage,
                  .finish_reason = reply.finish_reason,
                  .error = reply.error,
                  .took = reply.took};
  if (!reply.error || !reply.text.empty()) {
    ended.message = Message{.role = Role::assistant, .text = reply.text, .tool_calls = reply.calls};
  }
  if (run_->model.price) {
    ended.settled = reply.usage ? cost_of(*reply.usage, *run_->model.price) : run_->call->reserved;
    ended.estimated = !reply.usage;
  }
  record(std::move(ended));
}

void PureDriver::end_first_tool_call() {
  const ToolCall call = run_->asked.front();
  ToolResult result = world_.tool(run_, call);
  const std::size_t room = result_room(run_, planner_);
  if (result.text.size() > room) result.text.resize(room);
  result.call_id = call.id;
  record(StepEnded{std::move(result)});
}

void PureDriver::finish(const Finish& finish) {
  Outcome outcome{.status = finish.status,
                  .reason = finish.reason,
                  .answer = finish.answer,
                  .verdict = run_->verdict,
                  .error = finish.error,
                  .receipt = run_.receipt()};
  record(Finished{std::move(outcome)});
}

void PureDriver::cancel() {
  record(CancelRequested{"test"});
  if (!run_->call) return;
  record(CallEnded{.call = run_->call->call,
                   .settled = run_->call->priced ? run_->call->reserved : Money(),
                   .estimated = true,
                   .error = Error{ErrorCode::cancelled, "stopped on request"}});
}

std::string PureDriver::journal() const {
  std::string lines;
  for (const Event& event : events_) lines += to_line(event) + "\n";
  return lines;
}

std::vector<Event> read_events(const std::string& path) {
  std::vector<Event> events;
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    auto event = event_from_line(line);
    EXPECT_TRUE(event) << path << ": " << event.error().message << "\n" << line;
    if (event) events.push_back(std::move(*event));
  }
  return events;
}

Started started_with(Task task, Limits limits) {
  return {.run = RunId{"01JD0000000000000000000001"},
          .task = std::move(task),
          .limits = limits,
          .asked_mode = "auto",
          .seed = 1,
          .origin = "run"};
}

ToolCall tool_call(std::string id, std::string name, std::string arguments) {
  return {std::move(id), std::move(name), std::move(arguments)};
}

}  // namespace pareto::testing
