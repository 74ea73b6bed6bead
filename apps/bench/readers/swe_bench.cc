#include "apps/bench/readers/swe_bench.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "agent/core/json_text.h"
#include "apps/bench/readers/records.h"

namespace pareto {
namespace {

// A list of test names, which older files hold as JSON within a string.
Result<std::vector<std::string>> test_names(const Json& json) {
  constexpr const char* kWant = "expected a list of test names, or such a list as JSON in a string";
  Json list = json;
  if (json.is_string()) {
    auto inner = parse_json(json.get<std::string>());
    if (!inner) return fail(ErrorCode::invalid, kWant);
    list = std::move(*inner);
  }
  if (!list.is_array()) return fail(ErrorCode::invalid, kWant);
  std::vector<std::string> names;
  for (const Json& name : list) {
    if (!name.is_string()) return fail(ErrorCode::invalid, kWant);
    names.push_back(name.get<std::string>());
  }
  return names;
}

struct Options {
  std::string repositories;
  std::string test_command;
  double seconds = 1800;
};

Result<Options> options_of(const Source& source) {
  JsonFields fields(source.options, "[reader]");
  fields.only({"repositories", "test_command", "seconds"});
  Options options{fields.text("repositories"), fields.text_or("test_command", ""),
                  fields.number_or("seconds", 1800)};
  if (fields.find("repositories") == nullptr) {
    return fail(ErrorCode::invalid,
                "[reader]: \"repositories\" is required, but missing: name the folder that holds a "
                "clone of each repository as OWNER__NAME");
  }
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return options;
}

Result<Task> task_of(JsonFields& fields, const Options& options) {
  Task task{.id = filled_text(fields, "instance_id"), .label = "issue"};
  std::string repository = fields.text("repo");
  const std::string commit = fields.text("base_commit");
  if (fields.find("repo") != nullptr && !RE2::FullMatch(repository, R"(\w[\w.-]*/\w[\w.-]*)")) {
    fields.add_error("repo", fmt::format("expected OWNER/NAME; found \"{}\"", repository));
  }
  if (fields.find("base_commit") != nullptr && !RE2::FullMatch(commit, "[0-9a-f]{40}")) {
    fields.add_error("base_commit",
                     fmt::format("expected 40 hexadecimal digits; found \"{}\"", commit));
  }
  RE2::GlobalReplace(&repository, "/", "__");
  task.workspace = fmt::format("git+{}/{}@{}", options.repositories, repository, commit);
  task.prompt =
      "Resolve this issue by changing the code in the workspace. The tests that decide "
      "are not there.\n\n" +
      filled_text(fields, "problem_statement");
  Json metadata = {{"format", "swe_bench"}};
  for (const char* key : {"patch", "version", "created_at"}) {
    if (const std::string text = fields.text_or(key, ""); !text.empty()) metadata[key] = text;
  }
  task.metadata = dump_json(metadata);
  const auto fail_to_pass = fields.nested<std::vector<std::string>>("FAIL_TO_PASS", test_names);
  const auto pass_to_pass = fields.nested<std::vector<std::string>>("PASS_TO_PASS", test_names);
  if (fields.find("FAIL_TO_PASS") != nullptr && fail_to_pass.empty()) {
    fields.add_error("FAIL_TO_PASS", "expected at least one test");
  }
  const std::string test_patch = fields.text("test_patch");
  if (!options.test_command.empty()) {
    task.score = dump_json(Json{{"type", "swe_tests"},
                                {"command", options.test_command},
                                {"test_patch", test_patch},
                                {"fail_to_pass", fail_to_pass},
                                {"pass_to_pass", pass_to_pass},
                                {"seconds", options.seconds}});
  }
  return done(fields, std::move(task));
}

bool recognises(const Source&, const Json& first) {
  return has_keys(first, {"instance_id", "repo", "base_commit", "problem_statement"});
}

Result<ForeignTasks> read(const Source& source) {
  auto options = options_of(source);
  if (!options) return std::unexpected(options.error());
  auto tasks =
      tasks_of(json_records(source.text), "swe_bench",
               [&options](JsonFields& fields, std::size_t) { return task_of(fields, *options); });
  if (!tasks) return std::unexpected(tasks.error());
  return ForeignTasks{.tasks = std::move(*tasks)};
}

}  // namespace

const Reader kSweBench{"swe_bench", "instance_id, repo, base_commit, problem_statement", recognises,
                       read};

}  // namespace pareto
