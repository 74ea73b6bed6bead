#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/run.h"
#include "agent/io/worker_pool.h"
#include "apps/system/model_factory.h"
#include "apps/system/system.h"

namespace pareto {

// A program of somebody else that works on the tasks of a suite.
struct ForeignAgentPlan {
  std::string name;                // the mode of its rows is "agent:NAME"
  std::string command;             // for the shell, in the workspace
  std::vector<std::string> paths;  // absolute folders shown to it read-only, where they are

  friend bool operator==(const ForeignAgentPlan&, const ForeignAgentPlan&) = default;
};

// Without a name it is that of the command's first word. invalid: no command, a name that is not
// made of letters, digits and "._-", a path that is no folder, or one that the sandbox's user can't
// read.
Result<ForeignAgentPlan> make_agent_plan(const std::string& command, const std::string& name,
                                         const std::vector<std::string>& paths);

std::string agent_mode(const ForeignAgentPlan& plan);  // "agent:mini"
bool is_agent_mode(std::string_view mode);

class ForeignRun;

// Runs a foreign agent on tasks, in the sandbox, with a metering proxy as its only network; see
// apps/bench/README.md for what it is given and what is expected of it. A run has a journal like
// our own: it starts, its work is verified, it finishes with a receipt. It can't be resumed.
//
// Thread: the loop's.
class ForeignAgents {
 public:
  // As Runner's: an error means that the run could not be carried on.
  using Done = std::move_only_function<void(const Run&, Result<Outcome>)>;

  // `models`: the names that runs will ask for. Errors: invalid for a model without an endpoint.
  static Result<std::unique_ptr<ForeignAgents>> make(System& system, ForeignAgentPlan plan,
                                                     const std::vector<std::string>& models,
                                                     int jobs);
  ~ForeignAgents();
  ForeignAgents(const ForeignAgents&) = delete;
  ForeignAgents& operator=(const ForeignAgents&) = delete;

  // `started.asked_model` names the model. Nothing has happened on return.
  void start(Started started, Done done);
  // Kills a run where it is. No handler is called. Of a run that is not under way here: nothing.
  void abandon(const RunId& run);

 private:
  ForeignAgents(System& system, ForeignAgentPlan plan, int jobs);

  System& system_;
  ForeignAgentPlan plan_;
  // Threads of their own: an agent holds one for as long as it runs, and the system's must stay
  // free for what it waits for.
  WorkerPool workers_;
  struct Endpoint {
    ModelEndpoint endpoint;
    bool on_this_machine = false;
  };
  std::map<std::string, Endpoint> endpoints_;
  std::map<RunId, std::shared_ptr<ForeignRun>> runs_;
};

// What the calls of a foreign run cost that was left behind unfinished.
Money spent_by_agent(const std::string& run_folder);

}  // namespace pareto
