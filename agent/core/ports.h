#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/event.h"
#include "agent/core/id.h"
#include "agent/core/model.h"
#include "agent/core/operation.h"
#include "agent/core/outcome.h"
#include "agent/core/random.h"
#include "agent/core/recall.h"
#include "agent/core/result.h"
#include "agent/core/route.h"
#include "agent/core/task.h"
#include "agent/core/time.h"
#include "agent/core/tool.h"

// What a run needs from its surroundings. Every port is borrowed for the life of the runner that
// uses it, is called from the event loop's thread, and completes by a handler on that same thread.

namespace pareto {

template <class T>
using Handler = std::move_only_function<void(Result<T>)>;

// The tools of a run.
class Toolbox {
 public:
  virtual ~Toolbox() = default;
  // The tools that a task gets, sorted by name. Unknown names are errors that name the nearest one.
  virtual Result<std::vector<ToolSpec>> specs(const Task& task) const = 0;
  struct Call {
    RunId run;
    std::string workspace;  // absolute folder, or empty
    std::string corpus;     // absolute path, or empty
    CheckCommand check;     // the task's; without one its command is empty
    ToolCall call;
    Deadline deadline;
    std::vector<std::string> offered;  // names of the tools that were offered
    // Beside them: whatever stays in the workspace, or nothing.
    enum class Others { workspace, none } others = Others::workspace;
    std::size_t max_text = SIZE_MAX;  // of the result; bytes
  };
  // Validates and runs one call. Every failure is a result for the model, never a lost call.
  virtual std::unique_ptr<Operation> invoke(Call call,
                                            std::move_only_function<void(ToolResult)> done) = 0;
};

// The folder that a run works in.
class Workbench {
 public:
  virtual ~Workbench() = default;
  struct Place {
    std::string workspace;  // absolute folder
    std::string corpus;     // absolute path, or empty
  };
  // Makes the workspace and its snapshot, or finds what an earlier owner of the run made.
  virtual std::unique_ptr<Operation> open(const RunId& run, const Task& task,
                                          Handler<Place> done) = 0;
  // What of the run's workspace was changed after `since`: paths relative to it, the first few.
  // `run` has been opened before.
  virtual std::unique_ptr<Operation> changed_since(const RunId& run, Instant since,
                                                   Handler<std::vector<std::string>> done) = 0;
  // Reads what one call without tools would need.
  virtual std::unique_ptr<Operation> brief(const Place& place, const Task& task,
                                           Handler<Briefing> done) = 0;
  // Runs the task's verify command in a sandbox.
  virtual std::unique_ptr<Operation> verify(const Place& place, const CheckCommand& check,
                                            Deadline deadline, Handler<Verdict> done) = 0;
  // The unified diff since the snapshot.
  virtual std::unique_ptr<Operation> diff(const RunId& run, const Place& place,
                                          Handler<std::string> done) = 0;
};

// What is remembered of a finished run.
struct Experience {
  RunId run;
  std::string task_id;
  std::string text;  // the prompt
  std::string kind;
  Mode mode = Mode::instant;
  std::string model;
  Effort effort = Effort::low;
  double success = 0;
  Money cost;
  Milliseconds took{0};
  int turns = 0;
  std::string features;  // JSON text
};

class Memory {
 public:
  virtual ~Memory() = default;
  virtual std::unique_ptr<Operation> recall(const Task& task,
                                            Handler<std::vector<Neighbour>> done) = 0;
  virtual std::unique_ptr<Operation> learn(Experience experience, Handler<void> done) = 0;
};

// Chooses how to work. Pure: no I/O, no clock, no randomness but `random`.
class Router {
 public:
  virtual ~Router() = default;
  struct Question {
    const Task& task;
    const Recall& recall;
    std::span<const ModelInfo> models;  // in order of preference
    std::optional<Mode> mode;           // forced
    std::optional<std::string> model;   // forced
    std::optional<Effort> effort;       // forced
    Limits limits;                      // already the tightest
  };
  // An error when no arm is eligible; it lists the reason of each.
  virtual Result<Route> route(const Question& question, std::uint64_t seed) const = 0;
};

// Stores events. An event is durable when its handler is called.
class Journal {
 public:
  virtual ~Journal() = default;
  // Appends events whose sequence numbers continue the run's; completes once all are durable.
  virtual void append(const RunId& run, std::vector<Event> events, Handler<void> done) = 0;
  virtual Result<std::vector<Event>> load(const RunId& run) = 0;
};

}  // namespace pareto
