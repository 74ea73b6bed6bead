#include "agent/runner/runner.h"

#include <utility>

#include "agent/runner/run_driver.h"

namespace pareto {

Runner::Runner(RunnerPorts ports) : ports_(std::move(ports)) {}
Runner::~Runner() = default;

void Runner::launch(const RunId& id, Run run, StartOptions options, std::vector<Payload> first) {
  const bool resumed = run->seq > 0;
  auto driver = std::make_shared<RunDriver>(ports_, std::move(run), std::move(options),
                                            [this, id] { drivers_.erase(id); });
  drivers_[id] = driver;
  if (resumed) return driver->resume(std::move(first));
  driver->begin(std::move(first));
}

void Runner::start(Started started, StartOptions options) {
  const RunId id = started.run;
  std::vector<Payload> first;
  first.emplace_back(std::move(started));
  launch(id, Run(), std::move(options), std::move(first));
}

Result<void> Runner::resume(std::span<const Event> events, const std::string& owner,
                            StartOptions options) {
  auto run = Run::replay(events);
  if (!run) return std::unexpected(run.error());
  if ((*run)->outcome)
    return fail(ErrorCode::invalid, "the run has finished; there is nothing to resume");
  auto specs = ports_.toolbox.specs(run->task());
  if (!specs) return std::unexpected(specs.error());
  std::vector<std::string> idempotent;
  for (const ToolSpec& spec : *specs) {
    if (spec.replay == Replay::idempotent) idempotent.push_back(spec.name);
  }
  std::vector<Payload> first;
  first.emplace_back(Resumed{owner});
  for (Payload& payload : close_interrupted(*run, idempotent)) first.push_back(std::move(payload));
  const RunId id = run->id();
  launch(id, std::move(*run), std::move(options), std::move(first));
  return {};
}

bool Runner::cancel(const RunId& run, const std::string& by) {
  const auto found = drivers_.find(run);
  if (found == drivers_.end()) return false;
  const auto driver = found->second;
  driver->cancel(by);
  return true;
}

bool Runner::approve(const RunId& run, bool approved, const std::string& by) {
  const auto found = drivers_.find(run);
  if (found == drivers_.end() || found->second->run()->awaiting_approval.empty()) return false;
  const auto driver = found->second;
  driver->approve(approved, by);
  return true;
}

void Runner::abandon(const RunId& run) { drivers_.erase(run); }

const Run* Runner::find(const RunId& run) const {
  const auto found = drivers_.find(run);
  return found == drivers_.end() ? nullptr : &found->second->run();
}

}  // namespace pareto
