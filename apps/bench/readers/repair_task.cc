#include "apps/bench/readers/repair_task.h"

#include <re2/re2.h>

#include "agent/core/json_text.h"

namespace pareto {

Task repair_task(const RepairTask& repair, Tests tests) {
  Task task{.id = repair.id, .label = "repair", .prompt = repair.prompt, .files = repair.work};
  Json score = {{"type", "command"},
                {"command", repair.command},
                {"files", repair.tests},
                {"seconds", repair.seconds}};
  if (repair.expect_tests > 0) score["expect_tests"] = repair.expect_tests;
  task.score = dump_json(score);
  if (tests == Tests::visible) {
    for (const auto& [path, text] : repair.tests) task.files[path] = text;
    task.verify = CheckCommand{repair.command,
                               Milliseconds(static_cast<std::int64_t>(repair.seconds * 1000))};
    task.prompt += "\n\nThe tests are right and are run by: " + repair.command;
  }
  task.metadata = dump_json(Json{{"solution", repair.solution}});
  return task;
}

Result<Tests> tests_option(const Source& source) {
  if (auto known = only_options(source, {"tests"}); !known) return std::unexpected(known.error());
  auto tests = option_of(source, "tests", {"visible", "hidden"});
  if (!tests) return std::unexpected(tests.error());
  return *tests == "visible" ? Tests::visible : Tests::hidden;
}

std::int64_t count_python_tests(std::string_view text) {
  static const RE2* const kTest = new RE2(R"((?m)^[ \t]*(?:async )?def test\w*\()");
  re2::StringPiece rest(text.data(), text.size());
  std::int64_t count = 0;
  while (RE2::FindAndConsume(&rest, *kTest)) ++count;
  return count;
}

}  // namespace pareto
