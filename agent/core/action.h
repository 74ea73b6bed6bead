#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "agent/core/event.h"

// What a run wants done next. The runner performs an action and feeds events back.

namespace pareto {

struct RecallAction {};
struct RouteAction {};

// Journal a decision, then ask again.
struct Decide {
  Payload payload;
};

struct CallModel {
  Spender role = Spender::agent;
  std::vector<Message> append;         // joins the history first
  std::string tail;                    // one user message after the history, never stored
  std::string only_tool;               // force this tool, or empty
  bool with_tools = false;             // the run's tools are offered
  std::int64_t max_output_tokens = 0;  // 0: the model's own bound
  bool wrap_up = false;
  Money reserve;  // set by the budget guard
};

struct CallTools {
  std::vector<ToolCall> calls;
  bool from_planner = false;
};

struct AskPerson {
  std::vector<std::string> call_ids;
  std::string question;
};

struct Verify {};

// Wait for something under way, or for a point in time.
struct Wait {
  Instant until = Instant::max();
};

struct Finish {
  Status status = Status::failure;
  Reason reason = Reason::unverified;
  std::string answer;
  std::string error;
};

using Action = std::variant<RecallAction, RouteAction, Decide, CallModel, CallTools, AskPerson,
                            Verify, Wait, Finish>;

}  // namespace pareto
