#pragma once

#include <cstddef>
#include <stop_token>
#include <string>

#include "agent/core/id.h"
#include "agent/core/json.h"
#include "agent/core/task.h"
#include "agent/core/time.h"
#include "agent/core/tool.h"

namespace pareto {

// What a call may use. Valid until the call returns.
struct ToolContext {
  RunId run;
  std::string workspace;  // absolute folder, or empty
  std::string corpus;     // absolute path of a JSON-lines corpus, or empty
  CheckCommand check;     // the task's; without one its command is empty
  std::stop_token stop;   // asked when the run is cancelled; a blocking call looks at it
  Deadline deadline;      // the sooner of the run's and the tool's own
  const Clock& clock;
};

// One tool. Implementations are called from several threads at once and keep no state of a run.
class Tool {
 public:
  virtual ~Tool() = default;
  // Constant over the tool's life. `parameters` is set and of type object.
  virtual const ToolSpec& spec() const = 0;
  // Whether a task that names no tools gets this one.
  virtual bool offered(const Task& task) const = 0;
  // Blocks until done. `arguments` satisfies spec().parameters. Fills everything but `call_id`. A
  // failure is a result whose text tells the model what to do next.
  virtual ToolResult call(const Json& arguments, const ToolContext& context) = 0;
  // Bytes of text that a result may have; what is longer loses its middle.
  virtual std::size_t max_text() const { return 10'000; }
};

// Results in one line.
ToolResult tool_ok(std::string text);
ToolResult tool_error(std::string text);
ToolResult tool_invalid(std::string text);

// Whether the task is about files: it brings some, or a command that checks them.
bool has_files(const Task& task);

}  // namespace pareto
