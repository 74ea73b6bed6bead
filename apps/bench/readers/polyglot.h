#pragma once

#include "apps/bench/readers/reader.h"

namespace pareto {

// Exercism exercises as in the polyglot benchmark of Aider, Python: JSON lines of instructions,
// stub, tests and example; or the folder of the repository. With `tests = "hidden"` the agent does
// not see the tests.
extern const Reader kPolyglot;

}  // namespace pareto
