#pragma once

#include <functional>
#include <span>
#include <string>

#include "apps/bench/suite.h"
#include "tools/sandbox/sandbox.h"

namespace pareto {

// Before anything is spent on a task the suite's oracle must solve it, and doing nothing must not,
// where the suite can say so. What was found good is remembered in `memo` (a file, by the hash of
// the suite), so that going on does not do it again. `invalid` names the suite and every task that
// fails, `tasks` are indices of the suite's tasks. Blocks; `say` is told how many are to be
// checked.
Result<void> trust_suite(const Suite& suite, std::span<const std::size_t> tasks,
                         const Sandbox& sandbox, const std::string& scratch, int jobs,
                         const std::string& memo, const std::function<void(std::size_t)>& say);

}  // namespace pareto
