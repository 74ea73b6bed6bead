#pragma once

#include <string>

#include "agent/core/result.h"

namespace pareto {

// $XDG_CACHE_HOME/pareto, or ~/.cache/pareto: where weights and the engine live. An error when
// neither variable is set.
Result<std::string> default_cache_dir();

}  // namespace pareto
