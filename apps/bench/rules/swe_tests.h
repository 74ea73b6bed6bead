#pragma once

#include <stop_token>
#include <string>

#include "agent/core/result.h"
#include "apps/bench/scorer.h"
#include "tools/sandbox/sandbox.h"

namespace pareto {

// The score type `swe_tests`: {"command", "test_patch", "fail_to_pass", "pass_to_pass", "seconds"}.
// The files of the test patch, as they were at the start with the patch applied, are put over what
// the agent left; then `command` runs in a fresh sandbox, {tests} in it replaced by their names,
// and the named tests decide (apps/bench/rules/test_results.h).

// Whether the JSON text of a scorer is of this type.
bool is_swe_tests(const std::string& score);
// Errors name the key.
Result<void> check_swe_tests(const std::string& score);
// 1 or 0, with the tests that did not pass. `unavailable` when no verdict was reached, `invalid` when
// the test patch does not apply.
Result<Scored> score_swe_tests(const std::string& score, const WorkProduct& work,
                               const Sandbox& sandbox, std::stop_token stop);

}  // namespace pareto
