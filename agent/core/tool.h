#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/message.h"
#include "agent/core/time.h"

namespace pareto {

// Whether a call that was interrupted by a crash may be run again.
enum class Replay { idempotent, once };

// Where a tool can reach; what reaches out of the sandbox needs an approval.
enum class Reach { workspace, outside };

// Where a call runs: on the event loop (neither blocks nor computes long) or on a worker.
enum class Dispatch { loop, worker };

// What a model and a planner know of a tool. `parameters` is a JSON Schema of type object.
struct ToolSpec {
  std::string name;
  std::string description;  // for models that take long specs
  std::string summary;      // one line, for small models
  std::shared_ptr<const Json> parameters;
  Replay replay = Replay::once;
  Reach reach = Reach::workspace;
  Dispatch dispatch = Dispatch::worker;
  Milliseconds timeout{60'000};
};

enum class ResultStatus { ok, error, invalid_call, interrupted, denied, cancelled, timed_out };

// The one result of a tool call. `text` is what the model is shown, bounded by the tool.
struct ToolResult {
  std::string call_id;
  ResultStatus status = ResultStatus::ok;
  std::string text;
  bool changed_workspace = false;
  std::vector<std::string> paths;  // files read or edited, relative to the workspace

  friend bool operator==(const ToolResult&, const ToolResult&) = default;
};

// More calls of one reply are not run.
inline constexpr std::size_t kMostToolCalls = 16;

// The name of the tool that ends a run with an answer; every agentic toolbox has it.
inline constexpr std::string_view kFinishTool = "finish";

const char* to_string(ResultStatus status);
Result<ResultStatus> parse_result_status(std::string_view text);
Json to_json(const ToolResult& result);
Result<ToolResult> tool_result_from_json(const Json& json);

}  // namespace pareto
