#pragma once

#include "apps/bench/readers/reader.h"

namespace pareto {

// Questions over a table whose answer is a set of entities, made deterministically with a seed
// (WebLeaper, Tao et al. 2025, section 3). The table is our own format, see apps/bench/README.md.
extern const Reader kTreeTasks;

}  // namespace pareto
