#include "tools/workspace/local_workbench.h"

#include <filesystem>
#include <utility>

#include "agent/io/worker_pool.h"
#include "tools/corpus/corpus.h"
#include "tools/sandbox/sandbox.h"
#include "tools/workspace/folder.h"
#include "tools/workspace/folder_diff.h"
#include "tools/workspace/outside_changes.h"
#include "tools/workspace/place.h"

namespace pareto {

LocalWorkbench::LocalWorkbench(WorkbenchOptions options, const Sandbox& sandbox,
                               CorpusCache& corpora, WorkerPool& workers, const Clock& clock)
    : options_(std::move(options)),
      sandbox_(sandbox),
      corpora_(corpora),
      workers_(workers),
      clock_(clock) {}

std::string LocalWorkbench::run_folder(const RunId& run) const {
  return run_folder_of(options_, run);
}

std::string LocalWorkbench::snapshot_folder(const RunId& run) const {
  return run_folder(run) + "/snapshot";
}

std::unique_ptr<Operation> LocalWorkbench::open(const RunId& run, const Task& task,
                                                Handler<Place> done) {
  auto work = [options = options_, run, task](std::stop_token) {
    return open_workspace(options, run, task);
  };
  return workers_.submit(std::move(work), std::move(done));
}

std::unique_ptr<Operation> LocalWorkbench::changed_since(const RunId& run, Instant since,
                                                         Handler<std::vector<std::string>> done) {
  auto work = [folder = run_folder(run),
               since](std::stop_token) -> Result<std::vector<std::string>> {
    auto record = read_place(folder);
    // Its owner was stopped before there was a workspace.
    if (!record) return std::vector<std::string>();
    const std::string& path = record->place.workspace;
    Selection selection;
    if (record->tracked_only) selection = tracked_files(path);
    auto changed = changed_after(path, since, selection);
    auto workspace = Folder::open(path);
    if (!workspace) return std::unexpected(workspace.error());
    if (auto clean = workspace->remove_scratch(); !clean) return std::unexpected(clean.error());
    return changed;
  };
  return workers_.submit(std::move(work), std::move(done));
}

std::unique_ptr<Operation> LocalWorkbench::brief(const Place& place, const Task& task,
                                                 Handler<Briefing> done) {
  auto work = [place, task, &sandbox = sandbox_, &corpora = corpora_](std::stop_token stop) {
    return brief_workspace(place, task, sandbox, corpora, std::move(stop));
  };
  return workers_.submit(std::move(work), std::move(done));
}

std::unique_ptr<Operation> LocalWorkbench::verify(const Place& place, const CheckCommand& check,
                                                  Deadline deadline, Handler<Verdict> done) {
  // The snapshot lies beside a workspace that is a copy.
  std::string snapshot;
  if (options_.verifying == Verifying::on_clean_copy) {
    snapshot = (std::filesystem::path(place.workspace).parent_path() / "snapshot").string();
  }
  auto work = [place, check, deadline, snapshot, &sandbox = sandbox_,
               &clock = clock_](std::stop_token stop) -> Result<Verdict> {
    if (!snapshot.empty()) {
      return verify_copy(place.workspace, snapshot, check, deadline.left(clock.now()), sandbox,
                         std::move(stop));
    }
    return verify_workspace(place.workspace, check, deadline.left(clock.now()), sandbox,
                            std::move(stop));
  };
  return workers_.submit(std::move(work), std::move(done));
}

std::unique_ptr<Operation> LocalWorkbench::diff(const RunId& run, const Place& place,
                                                Handler<std::string> done) {
  auto work = [folder = run_folder(run), place](std::stop_token) -> Result<std::string> {
    auto record = read_place(folder);
    if (!record) return std::unexpected(record.error());
    Selection selection;
    if (record->tracked_only) selection = tracked_files(place.workspace);
    return diff_selected(folder + "/snapshot", place.workspace, selection);
  };
  return workers_.submit(std::move(work), std::move(done));
}

}  // namespace pareto
