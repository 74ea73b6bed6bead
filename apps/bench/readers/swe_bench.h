#pragma once

#include "apps/bench/readers/reader.h"

namespace pareto {

// SWE-bench and what has its form (Jimenez et al. 2024): JSON lines or an array of instance_id,
// repo, base_commit, problem_statement, test_patch, FAIL_TO_PASS and PASS_TO_PASS. `repositories`
// names a folder with a clone of each repository as OWNER__NAME. Predictions for the official
// harness are written beside the rows; with `test_command`, in which {tests} stands for the files
// of the test patch, the tests decide here as well (score type `swe_tests`, in `seconds` at most).
extern const Reader kSweBench;

}  // namespace pareto
