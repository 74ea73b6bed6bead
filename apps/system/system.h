#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/io/http_client.h"
#include "agent/io/journal.h"
#include "agent/io/lease.h"
#include "agent/io/loop.h"
#include "agent/io/sqlite_writer.h"
#include "agent/io/system_clock.h"
#include "agent/io/system_random.h"
#include "agent/io/worker_pool.h"
#include "agent/models/cassette_model.h"
#include "agent/runner/runner.h"
#include "apps/system/config.h"
#include "apps/system/model_factory.h"
#include "memory/recall.h"
#include "planners/agentic.h"
#include "planners/instant.h"
#include "planners/reasoning.h"
#include "tools/corpus/corpus.h"
#include "tools/registry.h"
#include "tools/sandbox/sandbox.h"
#include "tools/workspace/local_workbench.h"

namespace pareto {

struct SystemOptions {
  WorkspaceSource workspace_source = WorkspaceSource::copy;
  Verifying verifying = Verifying::in_place;
  // Names of the models to work with; empty: those that the policy may spend on.
  std::vector<std::string> models;
  // A model that can't be made is an error, or is left out and remembered in `model_errors`.
  enum class MissingModels { refuse, leave_out } missing_models = MissingModels::refuse;
  bool memory = true;
  std::string record;    // cassette that every exchange is recorded in, or empty
  std::string cassette;  // cassette that replaces every model, or empty
  // Never recall what was learned from the same task (benchmarks).
  bool forget_same_task = false;
};

// Everything that runs are made of, put together by name and owned here: `pareto run`, `bench` and
// `serve` are the same composition. Thread: the loop's.
class System {
 public:
  // Errors are for the person at the terminal; `unavailable` and `not_found` mean that something
  // outside is missing (sandbox, weights, engine).
  static Result<std::unique_ptr<System>> open(Config config, SystemOptions options);
  ~System();
  System(const System&) = delete;
  System& operator=(const System&) = delete;

  const Config& config() const { return config_; }
  Loop& loop() { return loop_; }
  WorkerPool& workers() { return *workers_; }
  HttpClient& http() { return http_; }
  // For clients of models beside those of the runs.
  ModelPorts model_ports() { return {loop_, http_, *workers_, clock_, random_, nullptr}; }
  const Clock& clock() const { return clock_; }
  Random& random() { return random_; }
  SqliteJournal& journal() { return *journal_; }
  SqliteWriter& writer() { return *writer_; }
  Leases& leases() { return *leases_; }
  const Sandbox& sandbox() const { return *sandbox_; }
  ToolRegistry& tools() { return *tools_; }
  LocalWorkbench& workbench() { return *workbench_; }
  ExperienceMemory* memory() { return memory_.get(); }
  const Router& router() const { return *router_; }
  Runner& runner() { return *runner_; }
  // In order of preference.
  std::vector<ModelInfo> models() const;
  const std::map<std::string, Error>& model_errors() const { return model_errors_; }

 private:
  System(Config config, SystemOptions options);
  Result<void> assemble();
  Result<void> add_models();
  // One that knows how earlier runs went, if there is memory.
  Result<std::unique_ptr<Router>> make_router() const;

  Config config_;
  SystemOptions options_;
  Loop loop_;
  SystemClock clock_;
  SystemRandom random_;
  std::optional<WorkerPool> workers_;
  HttpClient http_;
  std::unique_ptr<SqliteWriter> writer_;
  std::unique_ptr<SqliteJournal> journal_;
  std::unique_ptr<Leases> leases_;
  std::optional<Sandbox> sandbox_;
  std::optional<CorpusCache> corpora_;
  std::unique_ptr<ToolRegistry> tools_;
  std::unique_ptr<LocalWorkbench> workbench_;
  std::unique_ptr<ExperienceMemory> memory_;
  std::unique_ptr<Router> router_;
  InstantPlanner instant_;
  ReasoningPlanner reasoning_;
  AgenticPlanner agentic_;
  std::vector<std::unique_ptr<Model>> models_;
  std::map<std::string, Error> model_errors_;
  std::unique_ptr<Runner> runner_;
};

// The configured tools of a process: built-in ones and plugins.
Result<std::unique_ptr<ToolRegistry>> make_tools(const Config& config, const Sandbox& sandbox,
                                                 CorpusCache& corpora, Loop& loop,
                                                 WorkerPool& workers, const Clock& clock);

}  // namespace pareto
