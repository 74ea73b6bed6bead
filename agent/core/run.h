#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/core/event.h"
#include "agent/core/history.h"
#include "agent/core/ledger.h"
#include "agent/core/loop_trace.h"

namespace pareto {

// How a file of the workspace was used; survives compaction.
struct FileUse {
  bool read = false;
  bool edited = false;

  friend bool operator==(const FileUse&, const FileUse&) = default;
};

// Everything known of a run. Read through `Run`, which keeps it consistent.
struct RunState {
  std::int64_t seq = 0;    // of the last event
  Instant last_at;         // of the last event
  Milliseconds worked{0};  // time between events, without the gap before a resume
  Started started;
  std::optional<Recall> recall;
  std::optional<Route> route;
  Limits limits;                // the tightest of the start and the route
  ModelInfo model;              // of the route
  std::int64_t tool_bytes = 0;  // that tools add to a prompt of it at most; 0: not known
  bool planned = false;
  std::vector<std::string> tools;  // offered to the model, sorted
  History history;
  Ledger ledger;
  Receipt receipt;  // `seconds` stays 0 until the end

  std::optional<CallBegun> call;  // the model call under way, without its messages
  bool replied = false;           // the last call left a usable message
  FinishReason finish_reason = FinishReason::unknown;
  std::optional<Error> call_error;  // of the last call
  int failed_calls = 0;             // in a row
  std::vector<ToolCall> asked;      // tool calls without a result
  bool step_begun = false;          // `asked` are running
  bool step_from_planner = false;
  int invalid_calls = 0;  // in a row
  LoopTrace loop;
  int nudges = 0;  // by the loop concern, since the last progress
  std::map<std::string, FileUse> files;
  std::int64_t revision = 0;  // counts changes of the workspace
  bool verifying = false;
  std::optional<std::int64_t> verified_revision;
  std::optional<Verdict> verdict;
  int verdicts = 0;
  std::optional<LimitReached> limit;
  bool wrapped_up = false;
  bool cancel_requested = false;
  std::optional<std::string> answer;           // given by `finish`
  std::vector<std::string> awaiting_approval;  // call ids
  std::vector<std::string> approved;           // call ids
  std::int64_t prompt_tokens = 0;              // of the last call, as reported; 0: unknown
  std::int64_t bytes_since_prompt = 0;         // of messages that joined since
  // By how much the bytes of the last reply exceed what it may take as part of a prompt: a reply of
  // n tokens, as reported, is read as n tokens.
  std::int64_t reply_excess = 0;
  // After a compaction, while no prompt was counted: what the shorter prompt surely fits into.
  std::optional<std::int64_t> prompt_ceiling;
  std::optional<Outcome> outcome;

  friend bool operator==(const RunState&, const RunState&) = default;
};

// A run as a value: a fold over its events. Copyable, comparable; its serialised form is its
// events. `apply` is the only mutation and performs no I/O.
class Run {
 public:
  // Refuses an event out of sequence, or one that contradicts the run (ErrorCode::internal), and is
  // unchanged then.
  Result<void> apply(const Event& event);
  static Result<Run> replay(std::span<const Event> events);

  const RunState& state() const { return state_; }
  const RunState* operator->() const { return &state_; }
  const RunId& id() const { return state_.started.run; }
  const Task& task() const { return state_.started.task; }

  // Working time until `now`.
  Milliseconds worked(Instant now) const;
  // The receipt as of the last event.
  Receipt receipt() const;
  // Something is under way whose end is an event.
  bool busy() const;

  friend bool operator==(const Run&, const Run&) = default;

 private:
  RunState state_;
};

// Whether nothing that a run does can have changed its workspace after its last event: that was
// there, neither a step nor a verification was under way, and none was told to stop.
bool leaves_workspace_alone(const Run& run);

// The events that close what a crashed owner left open, after Resumed: a lost call is settled at
// its reservation; a begun step is reported as interrupted, except calls of the tools named in
// `idempotent`, which are run again.
std::vector<Payload> close_interrupted(const Run& run, std::span<const std::string> idempotent);

}  // namespace pareto
