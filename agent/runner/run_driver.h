#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/runner/concern_clock.h"
#include "agent/runner/runner.h"

namespace pareto {

// Carries one run from where it is to its end. Events are applied at once and made durable before
// the next side effect; listeners hear of them once they are durable.
class RunDriver : public std::enable_shared_from_this<RunDriver> {
 public:
  // `ended` is called once, when the driver may be destroyed.
  RunDriver(const RunnerPorts& ports, Run run, StartOptions options, std::function<void()> ended);

  // Records the first events (Started, or Resumed and what closes the interrupted), makes them
  // durable, opens the workspace and goes on.
  void begin(std::vector<Payload> first);
  // The same for a run that goes on, unless its workspace was changed from outside.
  void resume(std::vector<Payload> first);
  void cancel(const std::string& by);
  void approve(bool approved, const std::string& by);
  const Run& run() const { return run_; }

 private:
  void advance();
  void perform(RecallAction);
  void perform(RouteAction);
  void perform(Decide decide);
  void perform(CallModel call);
  void perform(CallTools tools);
  void perform(AskPerson ask);
  void perform(Verify);
  void perform(Wait);
  void perform(Finish finish);

  // Applies an event; false when it did not fit, and the run has then been given up.
  bool record(Payload payload);
  // Makes what was recorded durable, tells the listener, then calls `then`.
  void commit(std::function<void()> then);
  void give_up(Error error);
  // Keeps an operation unless its handler was called before it was returned.
  template <class Begin>
  void track(Begin begin);
  // Wraps a handler so that it is not called once this driver is gone.
  template <class Function>
  auto while_alive(Function function);
  // The same for the handler of a tracked operation, which is under way no more when it is called.
  template <class Function>
  auto when_done(Function function);

  void open_workspace();
  void recall_briefing(Recall recall);
  void choose_planner();
  void start_call(const CallModel& call);
  void end_call(Reply reply);
  void invoke_next();
  void stop_step();
  void end(Outcome outcome);

  const RunnerPorts& ports_;
  Run run_;
  StartOptions options_;
  std::function<void()> ended_;
  std::vector<Event> pending_;     // applied, not yet durable
  std::vector<ToolSpec> specs_;    // of the task, sorted
  std::vector<ToolSpec> offered_;  // those of the plan
  Workbench::Place place_;
  const Planner* planner_ = nullptr;
  ConcernClock concern_clock_;
  Model* model_ = nullptr;
  std::unique_ptr<Conversation> conversation_;
  std::vector<Message> tail_;  // of the call under way
  std::unique_ptr<Operation> operation_;
  std::uint64_t operations_ = 0;  // counts begun operations
  bool finished_ = false;
};

}  // namespace pareto
