#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "agent/core/event.h"
#include "agent/core/run.h"

// A run's events, put together: a call with its reply and the results of its tools. What every
// foreign format is written from.

namespace pareto::exporting {

// As the formats of others have them: numbers.
inline double usd(Money money) { return static_cast<double>(money.to_nanos()) / 1e9; }
inline double seconds(Milliseconds span) { return static_cast<double>(span.count()) / 1000; }

// One tool call. Without a result it never ran, or was cut off by the end of the events.
struct ToolUse {
  std::int64_t seq = 0;  // of the event of its result; of the one that asked for it without
  ToolCall call;
  bool begun = false;
  Instant begun_at;
  Instant ended_at;
  std::optional<ToolResult> result;
};

// A message that joined the history and is no reply: the first prompts, what a planner or a concern
// says to the model.
struct Prompt {
  std::int64_t seq = 0;
  Instant at;
  std::string by;  // "planner", or the concern's name
  Message message;
};

// One paid model call, and the tool calls of its reply.
struct ModelTurn {
  std::int64_t seq = 0;  // of CallBegun
  Instant begun_at;
  Instant ended_at;                 // of the last event where the call has no end
  CallBegun request;                // without `appended`, which `history` holds
  std::vector<MessageRef> history;  // what was sent, without the reminder at its tail
  bool compacted = false;           // the history stands for a longer one
  std::optional<CallEnded> reply;   // absent: the events end within the call
  std::vector<ToolUse> tools;
};

// Tool calls that a planner made from a reply without any: no part of the history.
struct PlannerStep {
  std::int64_t seq = 0;
  Instant at;
  std::vector<ToolUse> tools;
};

// Part of the history was replaced by one message.
struct Compaction {
  std::int64_t seq = 0;
  Instant at;
  Compacted what;
};

// A verification; without a verdict the events end within it, or it was begun again.
struct CheckRun {
  std::int64_t seq = 0;
  Instant begun_at;
  Instant ended_at;
  std::optional<Verdict> verdict;
};

// What else happened: a limit was reached, somebody was asked, another owner took over.
struct Remark {
  std::int64_t seq = 0;
  Instant at;
  std::string kind;  // the event's name: "limit_reached"
  std::string text;
};

using Happening = std::variant<Prompt, ModelTurn, PlannerStep, Compaction, CheckRun, Remark>;

struct RunTurns {
  Run run;  // as of the last event
  Instant begun_at;
  std::vector<Happening> happenings;  // in the order in which they began

  // The outcome's receipt, or what was spent so far.
  Receipt receipt() const;
};

// Errors: invalid for no events; those of Run::apply for events that contradict each other.
Result<RunTurns> turns_of(std::span<const Event> events);

// The arguments of a call as a JSON object, or nothing where a model wrote something else.
std::optional<Json> arguments_of(const ToolCall& call);

// The name of the program that did the work where it was not Pareto ("agent:NAME" as mode), or "".
std::string foreign_agent(const Started& started);

// "2024-05-29T12:38:43.250Z".
std::string iso_time(Instant at);

}  // namespace pareto::exporting
