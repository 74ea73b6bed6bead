#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/core/ports.h"

namespace pareto {

class CorpusCache;
class Sandbox;
class WorkerPool;

// Whether a run works on a copy of the task's folder or on the folder itself.
enum class WorkspaceSource { copy, in_place };

// Where a task's own check runs: in the workspace, with whatever was built there, or on a copy as
// make_score_copy prepares it, where nothing that the agent planted decides.
enum class Verifying { in_place, on_clean_copy };

struct WorkbenchOptions {
  std::string state_folder;  // STATE; a run's folder is STATE/runs/RUN
  WorkspaceSource source = WorkspaceSource::copy;
  Verifying verifying = Verifying::in_place;  // clean copies need a source that is a copy
  std::int64_t max_bytes = 256LL << 20;       // of a copied folder
  std::int64_t max_files = 100'000;
};

// Workspaces on the local disk. The folder STATE/runs/RUN holds `workspace` (unless in place),
// `snapshot` (the workspace as it was at the start, the base of diffs) and `place.json`, which is
// written last: a folder without it was left by a crash and is made anew.
//
// Called on the loop's thread, works on the pool, completes on the loop's thread.
class LocalWorkbench : public Workbench {
 public:
  // All arguments outlive the workbench.
  LocalWorkbench(WorkbenchOptions options, const Sandbox& sandbox, CorpusCache& corpora,
                 WorkerPool& workers, const Clock& clock);

  // limit: the folder is larger than the options allow; invalid: a path in `files` leaves the
  // workspace.
  std::unique_ptr<Operation> open(const RunId& run, const Task& task, Handler<Place> done) override;
  // Also removes what a `write` left behind that was killed, so that its removal is older than the
  // events of the resume.
  std::unique_ptr<Operation> changed_since(const RunId& run, Instant since,
                                           Handler<std::vector<std::string>> done) override;
  std::unique_ptr<Operation> brief(const Place& place, const Task& task,
                                   Handler<Briefing> done) override;
  std::unique_ptr<Operation> verify(const Place& place, const CheckCommand& check,
                                    Deadline deadline, Handler<Verdict> done) override;
  std::unique_ptr<Operation> diff(const RunId& run, const Place& place,
                                  Handler<std::string> done) override;

  // The folder that holds everything of a run.
  std::string run_folder(const RunId& run) const;
  // The workspace as it was when the run started.
  std::string snapshot_folder(const RunId& run) const;

 private:
  WorkbenchOptions options_;
  const Sandbox& sandbox_;
  CorpusCache& corpora_;
  WorkerPool& workers_;
  const Clock& clock_;
};

// The blocking forms; each runs on the calling thread.
Result<Workbench::Place> open_workspace(const WorkbenchOptions& options, const RunId& run,
                                        const Task& task);
Result<Briefing> brief_workspace(const Workbench::Place& place, const Task& task,
                                 const Sandbox& sandbox, CorpusCache& corpora,
                                 std::stop_token stop);
Verdict verify_workspace(const std::string& workspace, const CheckCommand& check,
                         Milliseconds at_most, const Sandbox& sandbox, std::stop_token stop);
// The same on a copy as make_score_copy prepares it, so that nothing that the agent planted decides
// the verdict; what was left out of the copy is named at the end of the output.
Verdict verify_copy(const std::string& workspace, const std::string& snapshot,
                    const CheckCommand& check, Milliseconds at_most, const Sandbox& sandbox,
                    std::stop_token stop);
// Ends with a newline unless empty; at most 1 MB; binary files are named only.
Result<std::string> diff_folders(const std::string& before, const std::string& after);
// Makes the workspace of run `to` from the snapshot of `from` with `diff` applied.
Result<Workbench::Place> fork_workspace(const WorkbenchOptions& options, const RunId& from,
                                        const RunId& to, const std::string& diff);

// SHA-256 in hexadecimal over the paths, kinds, executable bits and contents below `folder`.
// Differs whenever somebody changed the workspace.
Result<std::string> digest_folder(const std::string& folder);

// What a scorer runs after a run has ended.
struct ScoreRequest {
  std::string workspace;  // is copied, never changed
  std::string snapshot;   // files that decide a Python verdict are restored from it; may be empty
  std::map<std::string, std::string> files;  // hidden files, written over what the agent left
  std::string command;
  Milliseconds timeout{10'000};
};

struct ScoredWorkspace {
  Verdict verdict;                   // output: up to 1 MB; error: no verdict was reached
  std::vector<std::string> removed;  // what the agent had planted to decide the verdict, by path
  std::string ending;                // "exit status 1, 0.2 s", "killed after 10.0 s: ..."
};

// Runs `command` in a fresh sandbox on a copy of the workspace as make_score_copy prepares it. A
// workspace that the agent made impossible to copy (too large, not readable) fails; that says
// something of the agent.
ScoredWorkspace score_workspace(const ScoreRequest& request, const Sandbox& sandbox,
                                std::stop_token stop);

}  // namespace pareto
