#pragma once

#include <string>

#include "agent/core/result.h"
#include "tools/workspace/copy_tree.h"

namespace pareto {

// diff_folders where only the selected files of `after` count.
Result<std::string> diff_selected(const std::string& before, const std::string& after,
                                  const Selection& selection);

}  // namespace pareto
