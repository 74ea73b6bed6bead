#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/core/result.h"

namespace pareto::sandbox {

using Environment = std::vector<std::pair<std::string, std::string>>;

// The whole environment of a command: a few fixed variables and then `extra`, which overrides them.
// Nothing of this process's own environment gets in. `invalid` when a name is not
// [A-Za-z_][A-Za-z0-9_]* or a value holds a NUL.
Result<Environment> make_environment(const std::string& path, const Environment& extra);

}  // namespace pareto::sandbox
