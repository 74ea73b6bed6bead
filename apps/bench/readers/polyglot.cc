#include "apps/bench/readers/polyglot.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ranges>
#include <set>

#include "agent/core/json_text.h"
#include "apps/bench/readers/repair_task.h"

namespace pareto {
namespace {

using Files = std::map<std::string, std::string>;

struct Exercise {
  std::string name;
  std::string instructions;
  Files stub;
  Files tests;
  Files example;  // in the order of `solution`: what the files of the stub should become
  Files extra;
  std::vector<std::string> solution;
};

Task task_of(const Exercise& exercise, Tests tests) {
  RepairTask repair{.id = "polyglot-" + exercise.name};
  const auto names = std::views::keys(exercise.stub);
  repair.prompt = fmt::format(
      "{}\n\nWrite the code into {}. Keep the names of functions and "
      "classes that are there. Use only the standard library.",
      exercise.instructions, fmt::join(names, ", "));
  repair.work = exercise.stub;
  repair.work.insert(exercise.extra.begin(), exercise.extra.end());
  repair.tests = exercise.tests;
  auto target = exercise.solution.begin();
  for (const auto& [path, text] : exercise.example) {
    if (target != exercise.solution.end()) repair.solution[*target++] = text;
  }
  repair.command = "python3 -m unittest discover -p '*_test.py'";
  for (const auto& [path, text] : exercise.tests) repair.expect_tests += count_python_tests(text);
  Task task = repair_task(repair, tests);
  task.label = "code";
  return task;
}

Result<Files> files_of(const Json& json) {
  Files files;
  if (!json.is_object()) return fail(ErrorCode::invalid, "expected an object of path to text");
  for (const auto& [path, text] : json.items()) {
    if (!text.is_string()) return fail(ErrorCode::invalid, "expected an object of path to text");
    files[path] = text.get<std::string>();
  }
  return files;
}

Result<Task> task_of_row(JsonFields& fields, Tests tests) {
  Exercise exercise{.name = filled_text(fields, "exercise"),
                    .instructions = filled_text(fields, "instructions"),
                    .stub = fields.nested<Files>("stub", files_of),
                    .tests = fields.nested<Files>("tests", files_of),
                    .example = fields.nested<Files>("example", files_of),
                    .solution = fields.texts("solution_files")};
  if (fields.find("extra") != nullptr) exercise.extra = fields.nested<Files>("extra", files_of);
  const std::string language = fields.text_or("language", "python");
  if (language != "python") {
    fields.add_error("language", fmt::format("only python is read; found \"{}\"", language));
  }
  if (fields.find("tests") != nullptr && exercise.tests.empty()) {
    fields.add_error("tests", "expected at least one file");
  }
  if (exercise.solution.size() != exercise.example.size()) {
    fields.add_error("solution_files", "expected as many files as in \"example\"");
  }
  return done(fields, task_of(exercise, tests));
}

// What .meta/config.json of an exercise says of its files.
Result<Exercise> exercise_of_folder(const std::string& folder, const Files& files) {
  const auto text_of = [&](const std::string& name) {
    const auto found = files.find(folder + name);
    return found == files.end() ? std::string() : found->second;
  };
  const std::string path = folder + ".meta/config.json";
  const auto wrong = [&path](const std::string& why) {
    return fail(ErrorCode::invalid, fmt::format("{}: {}", path, why));
  };
  auto config = parse_json(text_of(".meta/config.json"));
  if (!config) return wrong(config.error().message);
  JsonFields outer(*config, "config");
  const Json* listed = outer.need("files");
  if (listed == nullptr) return wrong(outer.done().error().message);
  JsonFields fields(*listed, "files");
  const std::string bare = folder.substr(0, folder.size() - 1);
  Exercise exercise{.name = bare.substr(bare.rfind('/') + 1),
                    .instructions = text_of(".docs/introduction.md") +
                                    text_of(".docs/instructions.md") +
                                    text_of(".docs/instructions.append.md"),
                    .solution = fields.texts("solution")};
  const auto take = [&](const char* key, Files& into) {
    for (const std::string& name : fields.texts(key)) {
      if (!files.contains(folder + name)) fields.add_error(key, "there is no file " + name);
      into[name] = text_of(name);
    }
  };
  take("solution", exercise.stub);
  take("test", exercise.tests);
  take("example", exercise.example);
  if (fields.find("editor") != nullptr) take("editor", exercise.extra);
  if (auto read = fields.done(); !read) return wrong(read.error().message);
  if (exercise.tests.empty() || exercise.solution.size() != exercise.example.size()) {
    return wrong("expected test files, and as many example files as solution files");
  }
  return exercise;
}

constexpr std::string_view kPractice = "exercises/practice/";
constexpr std::string_view kConfig = ".meta/config.json";

// "python/exercises/practice/NAME/" of a path of NAME's configuration, or empty.
std::string exercise_folder(const std::string& path) {
  const bool config = path.ends_with(kConfig) && path.contains(kPractice);
  const bool python = path.starts_with(kPractice) || path.contains("python/exercises/practice/");
  return config && python ? path.substr(0, path.size() - kConfig.size()) : "";
}

bool recognises(const Source& source, const Json& first) {
  if (source.is_folder()) {
    return std::ranges::any_of(std::views::keys(source.files), [](const std::string& path) {
      return !exercise_folder(path).empty();
    });
  }
  return has_keys(first, {"exercise", "instructions", "stub", "tests", "example"});
}

Result<ForeignTasks> read(const Source& source) {
  auto tests = tests_option(source);
  if (!tests) return std::unexpected(tests.error());
  if (!source.is_folder()) {
    auto tasks =
        tasks_of(json_records(source.text), "polyglot",
                 [&tests](JsonFields& fields, std::size_t) { return task_of_row(fields, *tests); });
    if (!tasks) return std::unexpected(tasks.error());
    return ForeignTasks{.tasks = std::move(*tasks)};
  }
  ForeignTasks foreign;
  for (const auto& [path, text] : source.files) {
    const std::string folder = exercise_folder(path);
    if (folder.empty()) continue;
    auto exercise = exercise_of_folder(folder, source.files);
    if (!exercise) return std::unexpected(exercise.error());
    foreign.tasks.push_back(task_of(*exercise, *tests));
  }
  if (foreign.tasks.empty()) return fail(ErrorCode::invalid, "no task in it");
  return foreign;
}

}  // namespace

const Reader kPolyglot{"polyglot", "exercise, instructions, stub, tests; or the repository",
                       recognises, read};

}  // namespace pareto
