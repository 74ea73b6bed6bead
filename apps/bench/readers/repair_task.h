#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "agent/core/task.h"
#include "apps/bench/readers/records.h"

namespace pareto {

// A task whose verdict is a Python test run.
struct RepairTask {
  std::string id;
  std::string prompt;
  std::map<std::string, std::string> work;      // what the agent starts from
  std::map<std::string, std::string> tests;     // written over whatever it leaves, for scoring
  std::map<std::string, std::string> solution;  // what the authors would leave
  std::string command;                          // runs the tests
  double seconds = 60;
  std::int64_t expect_tests = 0;
};

enum class Tests { visible, hidden };

// Visible tests lie in the workspace, and their command is the task's `verify`.
Task repair_task(const RepairTask& repair, Tests tests);

// The option `tests` of [reader].
Result<Tests> tests_option(const Source& source);

// How many tests a Python text defines: lines "def test...", "async" ones as well.
std::int64_t count_python_tests(std::string_view text);

}  // namespace pareto
