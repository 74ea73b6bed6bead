#include "apps/bench/suite_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "agent/core/json_text.h"
#include "agent/core/random.h"
#include "agent/io/system_clock.h"
#include "apps/bench/foreign_suite.h"
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
  command.read_only = {{task_file, kTaskInside}};
  command.environment = {{"PARETO_TASK", kTaskInside}};
  // A file of a known benchmark may lie anywhere, where no folder can be shown: in /tmp.
  if (suite.oracle != kSolutionOracle) {
    command.read_only.push_back({suite.folder, suite.folder});
    command.environment.emplace_back("PARETO_SUITE", suite.folder);
  }
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

// What was found out about one task.
struct TaskCheck {
  bool oracle_passed = false;
  bool null_passed = false;
  std::vector<std::string> failures;
  std::optional<Error> broken;  // the machine failed
};

// "the oracle scored 0, expected 1 (exit status 1, 0.2 s)"
std::string wrong_score(const std::string& who, const Scored& found, double wanted) {
  return fmt::format("{} scored {:g}, expected {:g}{}", who, found.score.value_or(0), wanted,
                     found.note.empty() ? "" : fmt::format(" ({})", found.note));
}

Result<void> check_null(const Task& task, const WorkProduct& work, const Sandbox& sandbox,
                        TaskCheck& check) {
  auto found = score_work(task.score, work, sandbox, {});
  if (!found) return std::unexpected(found.error());
  check.null_passed = found->score == 0;
  if (!check.null_passed) check.failures.push_back(wrong_score("doing nothing", *found, 0));
  return {};
}

Result<void> check_oracle(const Suite& suite, const Task& task, WorkProduct work,
                          const std::string& task_file, const Sandbox& sandbox, TaskCheck& check) {
  auto answer = ask_oracle(suite, task, work.workspace, task_file, sandbox);
  if (!answer) {
    check.failures.push_back(answer.error().message);
    return {};
  }
  work.answer = *answer;
  auto found = score_work(task.score, work, sandbox, {});
  if (!found) return std::unexpected(found.error());
  check.oracle_passed = found->score == 1;
  if (!check.oracle_passed) check.failures.push_back(wrong_score("the oracle", *found, 1));
  return {};
}

TaskCheck check_task(const Suite& suite, const Task& task, const RunId& id, const Sandbox& sandbox,
                     const std::string& scratch) {
  TaskCheck check;
  auto work = prepare(task, scratch, id);
  Result<void> checked;
  if (!work) checked = std::unexpected(work.error());
  if (checked && suite.null_check) checked = check_null(task, *work, sandbox, check);
  const std::string task_file = scratch + "/" + id.value + ".json";
  if (checked && !suite.oracle.empty()) {
    checked = check_oracle(suite, task, *work, task_file, sandbox, check);
  }
  if (!checked) check.broken = checked.error();
  std::error_code ignored;
  fs::remove_all(scratch + "/runs/" + id.value, ignored);
  fs::remove(task_file, ignored);
  return check;
}

}  // namespace

Result<SuiteCheck> check_suite(const Suite& suite, std::span<const std::size_t> tasks,
                               const Sandbox& sandbox, const std::string& scratch, int jobs,
                               const std::function<void(const std::string&)>& say) {
  std::vector<TaskCheck> found(tasks.size());
  std::vector<RunId> ids;
  SeededRandom random(1);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    ids.push_back(RunId::make(SystemClock().now(), random));
  }
  std::mutex mutex;
  std::size_t next = 0;
  const auto work = [&] {
    while (true) {
      std::unique_lock lock(mutex);
      if (next == tasks.size()) return;
      const std::size_t i = next++;
      const Task& task = suite.tasks[tasks[i]];
      if (say) say(task.id);
      lock.unlock();
      if (!task.score.empty()) found[i] = check_task(suite, task, ids[i], sandbox, scratch);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 1; i < std::min<int>(jobs, static_cast<int>(tasks.size())); ++i) {
      threads.emplace_back(work);
    }
    work();
  }

  SuiteCheck check;
  if (suite.oracle.empty()) check.not_checked.emplace_back("suite.toml names no oracle");
  if (!suite.null_check) check.not_checked.emplace_back("suite.toml does not say null = true");
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const Task& task = suite.tasks[tasks[i]];
    if (found[i].broken) return std::unexpected(*found[i].broken);
    ++check.tasks;
    if (task.score.empty()) {
      check.not_checked.push_back(fmt::format("task {}: has no scorer", task.id));
    }
    check.oracle_passed += found[i].oracle_passed ? 1 : 0;
    check.null_passed += found[i].null_passed ? 1 : 0;
    for (const std::string& why : found[i].failures) {
      check.failures.push_back(fmt::format("task {}: {}", task.id, why));
    }
  }
  return check;
}

}  // namespace pareto
