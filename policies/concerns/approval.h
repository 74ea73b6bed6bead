#pragma once

#include "agent/core/concern.h"

namespace pareto {

// Asks a person before calls of tools that reach out of the sandbox (`Recall::outside_tools`).
Action review_approval(const Run& run, Action draft, Instant now);

}  // namespace pareto
