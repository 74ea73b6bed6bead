#pragma once

#include <optional>

#include "agent/core/ports.h"
#include "agent/core/run.h"

namespace pareto {

// What a finished run teaches: how its way of working did on such a task, at what cost. Nothing
// when there is no evidence of success or failure (an answer that nobody checked), or none that
// says anything of the task (infrastructure failed, a person stopped it). `score`, 0..1, is what a
// scorer found and outweighs the verdict.
std::optional<Experience> experience_of(const Run& run, const Outcome& outcome,
                                        std::optional<double> score = std::nullopt);

}  // namespace pareto
