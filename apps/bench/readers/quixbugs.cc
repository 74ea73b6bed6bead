#include "apps/bench/readers/quixbugs.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "agent/core/json_text.h"
#include "apps/bench/readers/quixbugs_driver.h"
#include "apps/bench/readers/repair_task.h"

namespace pareto {
namespace {

struct Program {
  std::string name;
  std::string buggy;
  std::string right;
  Json cases;          // [[arguments, expected], ...], or null
  std::string pytest;  // where there are no cases
  std::map<std::string, std::string> helpers;
};

bool is_identifier(const std::string& name) { return RE2::FullMatch(name, R"([A-Za-z_]\w*)"); }

Result<void> check_cases(const Json& cases) {
  if (!cases.is_array() || cases.empty()) {
    return fail(ErrorCode::invalid, "expected a list of at least one [arguments, result]");
  }
  for (const Json& one : cases) {
    if (!one.is_array() || one.size() != 2) {
      return fail(ErrorCode::invalid, "expected [arguments, result]; found " + dump_json(one));
    }
  }
  return {};
}

Task task_of(const Program& program, Tests tests) {
  RepairTask repair{.id = "quixbugs-" + program.name};
  repair.prompt = fmt::format(
      "{0}.py has one bug. Find and fix it; change no more than what is wrong.", program.name);
  repair.work = program.helpers;
  repair.work[program.name + ".py"] = program.buggy;
  repair.solution = {{program.name + ".py", program.right}};
  repair.tests = {{"quixbugs_test.py", std::string(kQuixBugsDriver)}};
  if (program.cases.is_null()) {
    repair.tests["quixbugs_cases.py"] = program.pytest;
    repair.expect_tests = count_python_tests(program.pytest);
  } else {
    repair.tests["quixbugs_cases.json"] = dump_json(program.cases);
    repair.expect_tests = static_cast<std::int64_t>(program.cases.size());
  }
  repair.command = "python3 quixbugs_test.py " + program.name;
  repair.seconds = 120;
  return repair_task(repair, tests);
}

Result<Task> task_of_row(JsonFields& fields, Tests tests) {
  Program program{.name = filled_text(fields, "name"),
                  .buggy = filled_text(fields, "buggy_python"),
                  .right = filled_text(fields, "correct_python")};
  if (fields.find("name") != nullptr && !is_identifier(program.name)) {
    fields.add_error("name", "expected the name of a Python module");
  }
  if (const Json* cases = fields.find("json_tests")) {
    program.cases = *cases;
    if (auto good = check_cases(*cases); !good) {
      fields.add_error("json_tests", good.error().message);
    }
  } else {
    program.pytest = filled_text(fields, "pytest");
  }
  return done(fields, task_of(program, tests));
}

// The authors' file holds one case a line.
Result<Json> cases_of_lines(const std::string& path, std::string_view text) {
  Json cases = Json::array();
  auto read = each_json_line(text, path + ":", [&cases](Json one, int) -> Result<void> {
    cases.push_back(std::move(one));
    return {};
  });
  if (!read) return std::unexpected(read.error());
  if (auto good = check_cases(cases); !good) {
    return fail(ErrorCode::invalid, fmt::format("{}: {}", path, good.error().message));
  }
  return cases;
}

constexpr std::string_view kPrograms = "python_programs/";

Result<ForeignTasks> read_folder(const Source& source, Tests tests) {
  ForeignTasks foreign;
  const auto text_of = [&source](const std::string& path) {
    const auto found = source.files.find(path);
    return found == source.files.end() ? std::string() : found->second;
  };
  for (const auto& [path, buggy] : source.files) {
    if (!path.starts_with(kPrograms) || !path.ends_with(".py")) continue;
    const std::string name = path.substr(kPrograms.size(), path.size() - kPrograms.size() - 3);
    // Helpers such as node.py, and drivers of older versions, have no right version of their own.
    const std::string right = text_of("correct_python_programs/" + name + ".py");
    if (!is_identifier(name) || right.empty() || name == "node" || name.ends_with("_test"))
      continue;
    Program program{.name = name, .buggy = buggy, .right = right};
    const std::string lines = "json_testcases/" + name + ".json";
    if (source.files.contains(lines)) {
      auto cases = cases_of_lines(lines, text_of(lines));
      if (!cases) return std::unexpected(cases.error());
      program.cases = std::move(*cases);
    } else {
      program.pytest = text_of("python_testcases/test_" + name + ".py");
      if (program.pytest.empty()) {
        return fail(ErrorCode::invalid,
                    fmt::format("{}: expected its tests as {} or python_testcases/test_{}.py", path,
                                lines, name));
      }
      if (const std::string node = text_of("python_programs/node.py"); !node.empty()) {
        program.helpers["node.py"] = node;
      }
    }
    foreign.tasks.push_back(task_of(program, tests));
  }
  if (foreign.tasks.empty()) return fail(ErrorCode::invalid, "no task in it");
  return foreign;
}

bool recognises(const Source& source, const Json& first) {
  if (source.is_folder()) {
    const auto programs = source.files.lower_bound(std::string(kPrograms));
    return programs != source.files.end() && programs->first.starts_with(kPrograms);
  }
  return has_keys(first, {"name", "buggy_python", "correct_python"});
}

Result<ForeignTasks> read(const Source& source) {
  auto tests = tests_option(source);
  if (!tests) return std::unexpected(tests.error());
  if (source.is_folder()) return read_folder(source, *tests);
  auto tasks =
      tasks_of(json_records(source.text), "quixbugs",
               [&tests](JsonFields& fields, std::size_t) { return task_of_row(fields, *tests); });
  if (!tasks) return std::unexpected(tasks.error());
  return ForeignTasks{.tasks = std::move(*tasks)};
}

}  // namespace

const Reader kQuixBugs{"quixbugs", "name, buggy_python, correct_python, tests; or the repository",
                       recognises, read};

}  // namespace pareto
