#pragma once

#include "apps/bench/readers/reader.h"

namespace pareto {

// QuixBugs, Python (Lin et al. 2017): JSON lines of name, buggy_python, correct_python and
// json_tests or pytest; or the folder of the repository. One task a program. With `tests =
// "hidden"` the agent does not see the tests.
extern const Reader kQuixBugs;

}  // namespace pareto
