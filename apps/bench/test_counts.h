#pragma once

#include <string_view>

namespace pareto {

// How many tests a test runner's closing line says were run: pytest ("3 passed, 1 failed"),
// unittest
// ("Ran 4 tests"), TAP ("1..4"), or lines "ok" of TAP. 0 when nothing of the kind is printed.
int tests_run(std::string_view output);

}  // namespace pareto
