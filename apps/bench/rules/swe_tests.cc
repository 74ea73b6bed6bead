#include "apps/bench/rules/swe_tests.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <vector>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "agent/io/process.h"
#include "apps/bench/rules/test_results.h"
#include "tools/workspace/copy_tree.h"
#include "tools/workspace/folder.h"
#include "tools/workspace/local_workbench.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTests = "{tests}";

struct SweTests {
  std::string command;
  std::string test_patch;
  std::vector<std::string> fail_to_pass;
  std::vector<std::string> pass_to_pass;
  double seconds = 1800;
};

Result<SweTests> read_swe_tests(const std::string& score) {
  auto json = parse_json(score);
  if (!json) return std::unexpected(json.error());
  JsonFields fields(*json, "score");
  fields.only({"type", "command", "test_patch", "fail_to_pass", "pass_to_pass", "seconds"});
  SweTests tests{fields.text("command"), fields.text("test_patch"), fields.texts("fail_to_pass"),
                 fields.texts("pass_to_pass"), fields.number_or("seconds", 1800)};
  if (!(tests.seconds > 0) || tests.seconds > 86'400) {
    fields.add_error("seconds", "must be above 0");
  }
  if (tests.fail_to_pass.empty()) fields.add_error("fail_to_pass", "expected at least one test");
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return tests;
}

// The paths that a patch has on one side: "--- a/" for old ones, "+++ b/" for new ones.
std::set<std::string> paths_of(const std::string& patch, const char* pattern) {
  const RE2 line(pattern);
  re2::StringPiece rest(patch);
  std::set<std::string> paths;
  std::string path;
  while (RE2::FindAndConsume(&rest, line, &path)) paths.insert(path);
  return paths;
}

// The files of the test patch as they shall be.
Result<std::map<std::string, std::string>> hidden_files(const SweTests& tests,
                                                        const std::string& snapshot) {
  std::map<std::string, std::string> files;
  if (tests.test_patch.empty()) return files;
  auto scratch = ScratchFolder::make();
  if (!scratch) return std::unexpected(scratch.error());
  const auto old_paths = paths_of(tests.test_patch, R"((?m)^--- a/([^\t\n\r]+))");
  Selection selection{std::vector<std::string>(old_paths.begin(), old_paths.end())};
  if (auto copied = copy_tree(snapshot, scratch->path(), {}, selection); !copied) {
    return std::unexpected(copied.error());
  }
  ProcessSpec spec{.command = {"env", "-u", "GIT_DIR", "GIT_CEILING_DIRECTORIES=/", "git", "apply",
                               "--whitespace=nowarn", "-"},
                   .folder = scratch->path(),
                   .input = tests.test_patch};
  if (!spec.input.ends_with('\n')) spec.input += '\n';
  const auto applied = run_process(spec);
  if (!applied) return std::unexpected(applied.error());
  if (!applied->ok()) {
    return fail(ErrorCode::invalid, fmt::format("the test patch does not apply to the task's "
                                                "workspace: {}",
                                                applied->err.text()));
  }
  auto folder = Folder::open(scratch->path());
  if (!folder) return std::unexpected(folder.error());
  for (const std::string& path : paths_of(tests.test_patch, R"((?m)^\+\+\+ b/([^\t\n\r]+))")) {
    auto text = folder->read(path);
    if (!text) return std::unexpected(text.error());
    files[path] = std::move(*text);
  }
  return files;
}

std::string quoted(const std::string& word) {
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace

bool is_swe_tests(const std::string& score) {
  const auto json = parse_json(score);
  return json && json->is_object() && JsonFields(*json, "score").text_or("type", "") == "swe_tests";
}

Result<void> check_swe_tests(const std::string& score) {
  if (auto read = read_swe_tests(score); !read) return std::unexpected(read.error());
  return {};
}

Result<Scored> score_swe_tests(const std::string& score, const WorkProduct& work,
                               const Sandbox& sandbox, std::stop_token stop) {
  auto tests = read_swe_tests(score);
  if (!tests) return std::unexpected(tests.error());
  auto files = hidden_files(*tests, work.snapshot);
  if (!files) return std::unexpected(files.error());
  std::string names;
  for (const auto& [path, text] : *files) names += (names.empty() ? "" : " ") + quoted(path);
  std::string command = tests->command;
  for (std::size_t at = command.find(kTests); at != std::string::npos;
       at = command.find(kTests, at + names.size())) {
    command.replace(at, kTests.size(), names);
  }
  const ScoredWorkspace found =
      score_workspace({.workspace = work.workspace,
                       .snapshot = work.snapshot,
                       .files = std::move(*files),
                       .command = command,
                       .timeout = Milliseconds(std::llround(tests->seconds * 1000))},
                      sandbox, std::move(stop));
  if (!found.verdict.error.empty()) {
    return fail(ErrorCode::unavailable, found.verdict.error);
  }
  const std::vector<std::string> missing = not_passed(
      read_test_results(found.verdict.output), tests->fail_to_pass, tests->pass_to_pass);
  if (missing.empty()) return Scored{1, ""};
  constexpr std::size_t kMostNamed = 5;
  const std::size_t named = std::min(missing.size(), kMostNamed);
  return Scored{0, fmt::format("{}; not passed: {}{}", found.ending,
                               fmt::join(missing.begin(),
                                         missing.begin() + static_cast<long>(named), ", "),
                               named < missing.size() ? ", ..." : "")};
}

}  // namespace pareto
