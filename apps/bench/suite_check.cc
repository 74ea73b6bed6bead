#include "apps/bench/suite_check.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/core/random.h"
#include "agent/io/system_clock.h"
#include "apps/bench/scorer.h"
#include "tools/workspace/local_workbench.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostAnswer = 64 * 1024;
constexpr const char* kTaskInside = "/pareto/task.json";

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

Result<std::string> ask_oracle(const Suite& suite, const Task& task, const std::string& workspace,
                               const std::string& task_file, const Sandbox& sandbox) {
  std::ofstream(task_file) << dump_json(to_json(task));
  SandboxCommand command{.argv = shell_argv(suite.oracle), .workspace = workspace};
  command.read_only = {{suite.folder, suite.folder}, {task_file, kTaskInside}};
  command.environment = {{"PARETO_TASK", kTaskInside}, {"PARETO_SUITE", suite.folder}};
  command.stdout_bytes = kMostAnswer;
  auto exit = sandbox.run(command, {});
  if (!exit) return std::unexpected(exit.error());
  if (!exit->ok()) {
    return fail(ErrorCode::invalid,
                fmt::format("the oracle ended with status {}: {}", exit->exit_code, exit->output));
  }
  return trimmed(exit->stdout_text);
}

// The workspace of a task as a run would find it.
Result<WorkProduct> prepare(const Task& task, const std::string& scratch, const RunId& id) {
  const WorkbenchOptions options{.state_folder = scratch};
  auto place = open_workspace(options, id, task);
  if (!place) return std::unexpected(place.error());
  return WorkProduct{.workspace = place->workspace,
                     .snapshot = scratch + "/runs/" + id.value + "/snapshot"};
}

}  // namespace

Result<SuiteCheck> check_suite(const Suite& suite, const Sandbox& sandbox,
                               const std::string& scratch,
                               const std::function<void(const std::string&)>& say) {
  SuiteCheck check;
  if (suite.oracle.empty()) check.not_checked.emplace_back("suite.toml names no oracle");
  if (!suite.null_check) check.not_checked.emplace_back("suite.toml does not say null = true");
  SeededRandom random(1);
  for (const Task& task : suite.tasks) {
    say(task.id);
    ++check.tasks;
    if (task.score.empty()) {
      check.not_checked.push_back(fmt::format("task {}: has no scorer", task.id));
      continue;
    }
    const RunId id = RunId::make(SystemClock().now(), random);
    auto work = prepare(task, scratch, id);
    if (!work) return std::unexpected(work.error());
    const auto failed = [&check, &task](const std::string& why) {
      check.failures.push_back(fmt::format("task {}: {}", task.id, why));
    };
    if (suite.null_check) {
      auto score = score_work(task.score, *work, sandbox, {});
      if (!score) return std::unexpected(score.error());
      if (score->value_or(1) == 0) {
        ++check.null_passed;
      } else {
        failed(fmt::format("doing nothing scored {:g}, expected 0", score->value_or(1)));
      }
    }
    if (!suite.oracle.empty()) {
      auto answer =
          ask_oracle(suite, task, work->workspace, scratch + "/" + id.value + ".json", sandbox);
      if (answer) {
        work->answer = *answer;
        auto score = score_work(task.score, *work, sandbox, {});
        if (!score) return std::unexpected(score.error());
        if (score->value_or(0) == 1) {
          ++check.oracle_passed;
        } else {
          failed(fmt::format("the oracle scored {:g}, expected 1", score->value_or(0)));
        }
      } else {
        failed(answer.error().message);
      }
    }
    std::error_code ignored;
    fs::remove_all(scratch + "/runs/" + id.value, ignored);
  }
  return check;
}

}  // namespace pareto
