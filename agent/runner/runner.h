#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/core/concern.h"
#include "agent/core/planner.h"
#include "agent/core/ports.h"
#include "agent/core/run.h"

namespace pareto {

class RunDriver;

// What a runner works with; all of it is borrowed and outlives the runner.
struct RunnerPorts {
  Journal& journal;
  Toolbox& toolbox;
  Workbench& workbench;
  const Router& router;
  Memory* memory = nullptr;              // null: nothing is recalled or learned
  std::vector<const Planner*> planners;  // one a mode
  std::vector<Concern> concerns;         // after the budget guard, in order
  std::vector<Model*> models;            // in order of preference
  const Clock& clock;
  Random& random;
};

// Who hears of a run. Every handler may be empty. Called from the loop.
struct RunListener {
  std::function<void(const Run&, const Event&)> on_event;  // durable by then
  std::function<void(const Delta&)> on_delta;
  // Asks a person; the answer is given to Runner::approve. Empty: refused at once.
  std::function<void(const RunId&, const AskPerson&)> on_question;
  // Once, last. An error means that the run could not be carried on (journal or workspace failed);
  // what is durable of it can be resumed.
  std::move_only_function<void(const Run&, Result<Outcome>)> on_done;
};

enum class Recalling { on, off };
// What a resume does when somebody else changed the workspace since the last event.
enum class OutsideChanges { refused, accepted };

struct StartOptions {
  Recalling recalling = Recalling::on;
  OutsideChanges outside_changes = OutsideChanges::refused;
  RunListener listener;
};

// Owns the runs under way: performs what `next` wants and feeds the events back. Hundreds of runs
// share one loop; none has a thread.
//
// Thread: the loop's.
class Runner {
 public:
  explicit Runner(RunnerPorts ports);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Starts a run; its id is `started.run`, which must be new. Nothing has happened on return.
  void start(Started started, StartOptions options);
  // Continues a run from its durable events. Errors: what Run::replay says, or `invalid` for a run
  // that has finished. A workspace that was changed from outside ends it by `on_done` with
  // `invalid`, before any event.
  Result<void> resume(std::span<const Event> events, const std::string& owner,
                      StartOptions options);
  // Asks a run to wrap up. False when it is not under way here.
  bool cancel(const RunId& run, const std::string& by);
  // Answers a question.
  bool approve(const RunId& run, bool approved, const std::string& by);
  // Drops a run at once, where it is; it can be resumed. No handler is called.
  void abandon(const RunId& run);

  std::size_t active() const { return drivers_.size(); }
  // The run as it is now, or null.
  const Run* find(const RunId& run) const;

 private:
  void launch(const RunId& id, Run run, StartOptions options, std::vector<Payload> first);

  RunnerPorts ports_;
  std::map<RunId, std::shared_ptr<RunDriver>> drivers_;
};

}  // namespace pareto
