#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "apps/bench/suite.h"
#include "tools/sandbox/sandbox.h"

namespace pareto {

// What was found out about a suite without any model.
struct SuiteCheck {
  int tasks = 0;
  int oracle_passed = 0;  // of `tasks`, when the suite names an oracle
  int null_passed = 0;    // tasks where doing nothing scored 0, when the suite asks for it
  std::vector<std::string> failures;     // "task gcd: the oracle scored 0"
  std::vector<std::string> not_checked;  // "no oracle is named"

  bool good() const { return failures.empty(); }
};

// The oracle must score 1 on every task of `tasks` (indices of the suite's), and an untouched
// workspace with an empty answer must score 0. The oracle runs in the sandbox in the prepared
// workspace, with the suite's folder readable at its own path ($PARETO_SUITE) and the whole task at
// $PARETO_TASK; its stdout is the answer. Blocks; `say`, unless empty, gets each task's id as it is
// begun, from one thread at a time. `scratch` is a folder for workspaces; `jobs` tasks are checked
// at a time.
Result<SuiteCheck> check_suite(const Suite& suite, std::span<const std::size_t> tasks,
                               const Sandbox& sandbox, const std::string& scratch, int jobs,
                               const std::function<void(const std::string&)>& say);

}  // namespace pareto
