#pragma once

#include <span>
#include <string>

#include "agent/core/run.h"

namespace pareto {

// Why a run is not gone on with whose workspace was changed from outside; names the first paths.
Error changed_outside(const Run& run, std::span<const std::string> paths);

}  // namespace pareto
