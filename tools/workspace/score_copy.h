#pragma once

#include <string>
#include <vector>

#include "agent/core/result.h"
#include "tools/workspace/local_workbench.h"

namespace pareto {

// Makes at `to`, which must not exist, what a scorer looks at: a copy of the workspace
//   1. without what the agent planted to decide the verdict (deciders.h), also a module that would
//      be imported in place of a hidden file, of Python's own or of pytest's. What was there at the
//      start is put back as it was; a task's own module of such a name keeps the agent's text.
//   2. with the hidden files, whatever lies in their way.
// Nothing is written outside of `to`, whatever links the agent left. Gives the paths that were
// removed, sorted, without caches.
//
// Errors: `limit` or `denied` when the workspace can't be copied for what the agent made of it (too
// large, not readable), `not_found` when there is none, `invalid` for a hidden file's path,
// `internal` when this machine fails.
Result<std::vector<std::string>> make_score_copy(const ScoreRequest& request,
                                                 const std::string& to);

}  // namespace pareto
