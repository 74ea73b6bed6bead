#include "apps/bench/readers/humanevalfix.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "agent/core/json_text.h"
#include "apps/bench/readers/repair_task.h"

namespace pareto {
namespace {

// "Python/12" becomes "humanevalfix-12".
std::string id_of(JsonFields& fields) {
  const std::string given = fields.text("task_id");
  std::string number;
  if (!RE2::FullMatch(given, R"(Python/(\w+))", &number)) {
    fields.add_error("task_id", fmt::format("expected \"Python/NUMBER\", since only Python is "
                                            "read; found \"{}\"",
                                            given));
  }
  return "humanevalfix-" + number;
}

Result<Task> task_of(JsonFields& fields, Tests tests) {
  RepairTask repair{.id = id_of(fields)};
  const std::string entry = filled_text(fields, "entry_point");
  const std::string declaration = filled_text(fields, "declaration");
  const std::string test = filled_text(fields, "test");
  repair.work = {{"solution.py", declaration + filled_text(fields, "buggy_solution")}};
  repair.solution = {{"solution.py", declaration + filled_text(fields, "canonical_solution")}};
  // All names of the module, as the authors run both texts as one.
  repair.tests = {
      {"test_solution.py", "import solution\nglobals().update(vars(solution))\n" + test + "\n"}};
  repair.command = "python3 test_solution.py";
  repair.seconds = 20;
  repair.prompt = fmt::format("Fix the bug in {} in solution.py.", entry);
  if (tests == Tests::hidden) repair.prompt += " What it shall do:\n\n" + fields.text("docstring");
  Task task = repair_task(repair, tests);
  return done(fields, std::move(task));
}

bool recognises(const Source&, const Json& first) {
  return has_keys(first, {"task_id", "declaration", "buggy_solution", "canonical_solution"});
}

Result<ForeignTasks> read(const Source& source) {
  auto tests = tests_option(source);
  if (!tests) return std::unexpected(tests.error());
  auto tasks =
      tasks_of(json_records(source.text), "humanevalfix",
               [&tests](JsonFields& fields, std::size_t) { return task_of(fields, *tests); });
  if (!tasks) return std::unexpected(tasks.error());
  return ForeignTasks{.tasks = std::move(*tasks)};
}

}  // namespace

const Reader kHumanEvalFix{"humanevalfix", "task_id, declaration, buggy_solution, test", recognises,
                           read};

}  // namespace pareto
