#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/core/id.h"
#include "agent/core/json.h"
#include "agent/core/message.h"
#include "agent/core/model.h"
#include "agent/core/outcome.h"
#include "agent/core/recall.h"
#include "agent/core/result.h"
#include "agent/core/route.h"
#include "agent/core/task.h"
#include "agent/core/time.h"
#include "agent/core/tool.h"

// What happens to a run. The journal stores events, the REST stream sends them, a run is a fold
// over them, and tests compare them with golden files.

namespace pareto {

// The first event: everything about a run that is fixed from its start.
struct Started {
  RunId run;
  Task task;
  Limits limits;             // already the tightest of task, flags and configuration
  std::string asked_mode;    // "auto" or a mode; as asked
  std::string asked_model;   // as asked; empty: the configured ones
  std::string asked_effort;  // as asked; empty: the router's choice
  std::uint64_t seed = 0;
  std::string origin;  // "run", "bench" or "serve"
  std::string config_hash;
  std::vector<std::string> disabled_concerns;

  friend bool operator==(const Started&, const Started&) = default;
};

struct Recalled {
  Recall recall;
  friend bool operator==(const Recalled&, const Recalled&) = default;
};

// `model` is a copy of what was known of the chosen model, so that a resumed run keeps its price.
// `tool_bytes` is what the task's tools add to a prompt of it at most; 0: not known.
struct Routed {
  Route route;
  ModelInfo model;
  std::int64_t tool_bytes = 0;
  friend bool operator==(const Routed&, const Routed&) = default;
};

// How the planner goes about it: the first messages and the tools, fixed for the whole run.
struct Planned {
  std::vector<Message> messages;
  std::vector<std::string> tools;  // names, sorted; empty for modes without tools
  friend bool operator==(const Planned&, const Planned&) = default;
};

// A paid call is about to be made. `appended` joins the history before it.
struct CallBegun {
  CallId call;
  Spender role = Spender::agent;
  std::string model;
  Money reserved;  // worst case
  bool priced = true;
  std::int64_t max_output_tokens = 0;
  std::vector<Message> appended;
  std::string tail;                // the reminder sent with it, never part of the history
  std::uint64_t history_hash = 0;  // chain over the history sent; a resumed run must agree
  bool wrap_up = false;
  friend bool operator==(const CallBegun&, const CallBegun&) = default;
};

struct CallEnded {
  CallId call;
  Money settled;
  bool estimated = false;  // settled at the reservation, since the usage is not known
  std::optional<Usage> usage;
  std::optional<Message> message;  // joins the history
  FinishReason finish_reason = FinishReason::unknown;
  std::optional<Error> error;
  int attempts = 1;
  Milliseconds took{0};
  friend bool operator==(const CallEnded&, const CallEnded&) = default;
};

// Tool calls are about to run. Durable before any of them has a side effect. `from_planner`: the
// calls were made by a planner from a reply without tool calls and have no part in the history.
struct StepBegun {
  std::vector<ToolCall> calls;
  bool from_planner = false;
  friend bool operator==(const StepBegun&, const StepBegun&) = default;
};

// One call of the step has its result.
struct StepEnded {
  ToolResult result;
  Milliseconds took{0};
  friend bool operator==(const StepEnded&, const StepEnded&) = default;
};

// A concern took a decision that changes the run's course: a limit was reached.
struct LimitReached {
  Reason reason = Reason::turns;
  std::string concern;
  std::string detail;
  friend bool operator==(const LimitReached&, const LimitReached&) = default;
};

// A concern speaks to the model: joins the history as a user message before the next call.
struct Nudged {
  std::string concern;
  std::string text;
  friend bool operator==(const Nudged&, const Nudged&) = default;
};

// The history from `first` up to but without `last` was replaced by one message.
struct Compacted {
  std::int64_t first = 0;
  std::int64_t last = 0;
  Message summary;
  friend bool operator==(const Compacted&, const Compacted&) = default;
};

struct ApprovalAsked {
  std::vector<std::string> call_ids;
  std::string question;
  friend bool operator==(const ApprovalAsked&, const ApprovalAsked&) = default;
};

struct ApprovalGiven {
  std::vector<std::string> call_ids;
  bool approved = false;
  std::string by;
  friend bool operator==(const ApprovalGiven&, const ApprovalGiven&) = default;
};

struct VerifyBegun {
  friend bool operator==(const VerifyBegun&, const VerifyBegun&) = default;
};

struct Verified {
  Verdict verdict;
  friend bool operator==(const Verified&, const Verified&) = default;
};

// Another owner took the run over. What was under way is closed by CallEnded and StepEnded after
// it.
struct Resumed {
  std::string owner;
  friend bool operator==(const Resumed&, const Resumed&) = default;
};

// Somebody asked the run to stop; it wraps up.
struct CancelRequested {
  std::string by;
  friend bool operator==(const CancelRequested&, const CancelRequested&) = default;
};

// How long the budget guard or a concern took in all.
struct ConcernTime {
  std::string name;
  std::int64_t reviews = 0;
  std::int64_t nanoseconds = 0;

  friend bool operator==(const ConcernTime&, const ConcernTime&) = default;
};

// `concerns`: in their order, as the owner measured them that ended the run.
struct Finished {
  Outcome outcome;
  std::vector<ConcernTime> concerns;
  friend bool operator==(const Finished&, const Finished&) = default;
};

using Payload =
    std::variant<Started, Recalled, Routed, Planned, CallBegun, CallEnded, StepBegun, StepEnded,
                 LimitReached, Nudged, Compacted, ApprovalAsked, ApprovalGiven, VerifyBegun,
                 Verified, Resumed, CancelRequested, Finished>;

struct Event {
  std::int64_t seq = 0;  // 1 for the first event of a run
  Instant at;
  Payload payload;

  friend bool operator==(const Event&, const Event&) = default;
};

// The snake_case name of a payload: "started", "call_begun", ...
const char* name_of(const Payload& payload);

// {"v":1,"seq":1,"at":MS,"type":"started",...fields}. Reading accepts every version ever written.
inline constexpr int kEventVersion = 1;
Json to_json(const Event& event);
Result<Event> event_from_json(const Json& json);
// The JSON text on one line; reading bounds depth and size.
std::string to_line(const Event& event);
Result<Event> event_from_line(std::string_view line);

}  // namespace pareto
