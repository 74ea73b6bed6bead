#pragma once

#include <string>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "tools/workspace/copy_tree.h"

namespace pareto {

// Paths of a workspace that were changed after a moment, sorted, by the time of the last change
// that the kernel keeps of every file (ctime) and that no program can set: files and links made,
// written, renamed or given other rights, and what was removed. Of a removed file only its folder
// is known, as "FOLDER/", unless the selection names it. Caches and version control don't count.
//
// Costs a look at every entry and no reading. A folder that was copied to another place looks
// changed as a whole. The clock is the one of the file system, so a server's must go right.
Result<std::vector<std::string>> changed_after(const std::string& folder, Instant since,
                                               const Selection& selection = {});

}  // namespace pareto
