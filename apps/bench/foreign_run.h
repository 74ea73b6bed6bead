#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/core/run.h"
#include "agent/io/http_server.h"
#include "apps/bench/agent_ending.h"
#include "apps/bench/foreign_agent.h"
#include "apps/proxy/metering_proxy.h"
#include "tools/sandbox/sandbox.h"

namespace pareto {

// Below the folder of a run.
inline constexpr const char* kAgentCalls = "agent/calls.jsonl";  // what it asked of the model
inline constexpr const char* kAgentOutput = "agent/output.txt";  // what it printed, bounded
// In the workspace, while the agent runs.
inline constexpr const char* kAnswerFile = ".pareto-answer";

// The task as an agent may see it, with the limits in force: no score, label, metadata, nor folders
// of this machine.
Json task_for_agent(const Task& task, const Limits& limits);

// One task worked on by a foreign agent.
class ForeignRun : public std::enable_shared_from_this<ForeignRun> {
 public:
  struct Ports {
    System& system;
    WorkerPool& workers;
    const ForeignAgentPlan& plan;
    const ModelEndpoint& endpoint;
    bool on_this_machine;  // the model
  };
  ForeignRun(Ports ports, Started started, ForeignAgents::Done done);

  void begin();
  void abandon();

 private:
  template <class... Args>
  auto guarded(void (ForeignRun::*method)(Args...));
  bool record(Payload payload);
  void commit(std::function<void()> then);
  void on_place(Result<Workbench::Place> place);
  Result<void> make_proxy();
  Result<SandboxCommand> command();
  Result<std::string> shown_file(const std::string& name, const std::string& text) const;
  void launch();
  void serve(Descriptor listener);
  void start_grace();
  void on_call(const std::optional<Refusal>& refusal);
  void on_exit(Result<SandboxExit> exit);
  void take_answer(const Result<SandboxExit>& exit);
  void on_verdict(Result<Verdict> verdict);
  void take_diff();
  void on_diff(Result<std::string> diff);
  void give_up(Error error);

  Ports ports_;
  ForeignAgents::Done done_;  // null: over
  Run run_;
  std::vector<Event> pending_;
  Workbench::Place place_;
  std::string folder_;
  Outcome outcome_;
  std::stop_source stop_;
  std::unique_ptr<MeteringProxy> proxy_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Operation> grace_;
  std::unique_ptr<Operation> operation_;
  std::optional<Error> broken_;
};

}  // namespace pareto
