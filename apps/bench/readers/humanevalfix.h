#pragma once

#include "apps/bench/readers/reader.h"

namespace pareto {

// HumanEvalFix, Python (Muennighoff et al. 2023): JSON lines of declaration, buggy_solution,
// canonical_solution, entry_point and test. With `tests = "hidden"` the agent sees only the
// docstring, as in the variant "docs" of the authors.
extern const Reader kHumanEvalFix;

}  // namespace pareto
