#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/core/concern.h"
#include "agent/core/event.h"
#include "agent/core/planner.h"
#include "agent/core/recall.h"
#include "agent/core/run.h"

namespace pareto::testing {

// What a scripted model answers once.
struct ScriptedReply {
  std::string text;
  std::vector<ToolCall> calls;
  std::optional<Usage> usage = Usage{.prompt_tokens = 100, .completion_tokens = 10};
  FinishReason finish_reason = FinishReason::stop;
  std::optional<Error> error;  // then there is a message only if there is text
  Milliseconds took{1'000};
};

// The surroundings of a run, all of them scripted. A copy is taken.
struct ScriptedWorld {
  Recall recall;
  Route route;
  ModelInfo model;
  std::deque<ScriptedReply> replies;  // when used up, a call fails with ErrorCode::unavailable
  std::function<ScriptedReply(const Run&)> reply;  // asked instead of them, if it is set
  std::function<ToolResult(const Run&, const ToolCall&)> tool = [](const Run&, const ToolCall&) {
    return ToolResult{.text = "done"};
  };
  std::deque<Verdict> verdicts;  // the last one is repeated
  bool approve = true;
};

// Performs the actions of `next` one by one without I/O and without waiting: a runner in slow
// motion, that can be stopped and looked at between any two events. Its clock moves only by what
// calls are said to take.
class PureDriver {
 public:
  PureDriver(ScriptedWorld world, const Planner& planner, std::vector<Concern> concerns = {});

  void start(Started started);
  // Takes a run over from its events, as after a crash.
  void resume(std::span<const Event> events, std::span<const std::string> idempotent = {});

  // Asks `next` once and performs it, or one part of a step under way. False when there is nothing
  // left to do.
  bool advance();
  // Until the end, or at most `actions`. The outcome, if the run has ended.
  std::optional<Outcome> drive(int actions = 1'000);

  void cancel();
  void wait(Milliseconds span) { now_ += span; }

  const Run& run() const { return run_; }
  const std::vector<Event>& events() const { return events_; }
  // The events as the lines of a journal.
  std::string journal() const;
  Instant now() const { return now_; }
  std::size_t calls_made() const { return calls_made_; }

  // Hears every action before it is performed.
  std::function<void(const Run&, const Action&)> on_action;

 private:
  void record(Payload payload);
  void perform(const Action& action);
  void begin_call(const CallModel& call);
  void end_call();
  void end_first_tool_call();
  void finish(const Finish& finish);

  ScriptedWorld world_;
  const Planner& planner_;
  std::vector<Concern> concerns_;
  Run run_;
  std::vector<Event> events_;
  Instant now_ = instant_from_ms(1'700'000'000'000);
  std::size_t calls_made_ = 0;
};

// The event lines of a golden file, one a line; empty lines are skipped. Fails the test on a line
// that can't be read.
std::vector<Event> read_events(const std::string& path);

// A run's start with a fixed id, for a task.
Started started_with(Task task, Limits limits = {});

// A tool call with its arguments as JSON text.
ToolCall tool_call(std::string id, std::string name, std::string arguments);

}  // namespace pareto::testing
