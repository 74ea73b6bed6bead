#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "agent/text/first_few.h"
#include "tools/builtin/sandbox_call.h"
#include "tools/output.h"
#include "tools/sandbox/sandbox.h"
#include "tools/workspace/copy_tree.h"
#include "tools/workspace/local_workbench.h"
#include "tools/workspace/score_copy.h"

namespace pareto {
namespace {

constexpr std::size_t kScoreOutput = 1 << 20;
constexpr std::int64_t kScorePrinted = 256LL << 20;

SandboxCommand check_command(const std::string& workspace, const std::string& command,
                             Milliseconds wall) {
  SandboxCommand request;
  request.argv = shell_argv(command);
  request.workspace = workspace;
  request.protected_paths = guarded_paths(workspace);
  request.environment = {
      {"CI", "1"}, {"NO_COLOR", "1"}, {"TERM", "dumb"}, {"PYTHONDONTWRITEBYTECODE", "1"}};
  request.limits.wall = std::max(wall, Milliseconds(1));
  return request;
}

Verdict verdict_of(SandboxExit exit) {
  Verdict verdict{.passed = exit.ok(), .exit_code = exit.exit_code, .took = exit.wall};
  verdict.output = std::move(exit.output);
  if (exit.timed_out || exit.limit) {
    if (!verdict.output.empty() && verdict.output.back() != '\n') verdict.output += '\n';
    verdict.output += fmt::format("[{}]", ending_of(exit));
  }
  return verdict;
}

}  // namespace

Verdict verify_workspace(const std::string& workspace, const CheckCommand& check,
                         Milliseconds at_most, const Sandbox& sandbox, std::stop_token stop) {
  auto exit = sandbox.run(check_command(workspace, check.command, std::min(check.timeout, at_most)),
                          std::move(stop));
  if (!exit) return {.error = exit.error().message};
  return verdict_of(std::move(*exit));
}

Verdict verify_copy(const std::string& workspace, const std::string& snapshot,
                    const CheckCommand& check, Milliseconds at_most, const Sandbox& sandbox,
                    std::stop_token stop) {
  ScoredWorkspace checked = score_workspace({.workspace = workspace,
                                             .snapshot = snapshot,
                                             .command = check.command,
                                             .timeout = std::min(check.timeout, at_most)},
                                            sandbox, std::move(stop));
  Verdict& verdict = checked.verdict;
  const SandboxLimits usual;
  verdict.output = clip_output(verdict.output, usual.output_head, usual.output_tail);
  if (!checked.removed.empty()) {
    if (!verdict.output.empty() && verdict.output.back() != '\n') verdict.output += '\n';
    verdict.output += fmt::format("[not there during the check, as they could decide it: {}]",
                                  first_few(checked.removed, ", "));
  }
  return std::move(verdict);
}

ScoredWorkspace score_workspace(const ScoreRequest& request, const Sandbox& sandbox,
                                std::stop_token stop) {
  auto scratch = ScratchFolder::make();
  if (!scratch) return {.verdict = {.error = scratch.error().message}};
  const std::string copy = scratch->path() + "/workspace";
  auto removed = make_score_copy(request, copy);
  if (!removed) {
    const Error& error = removed.error();
    // What the agent made of its workspace is the agent's: a workspace that can't be scored fails.
    const bool its_own = error.code == ErrorCode::limit || error.code == ErrorCode::denied;
    if (!its_own) return {.verdict = {.error = error.message}};
    return {.verdict = {.exit_code = 1, .output = error.message}, .ending = error.message};
  }
  SandboxCommand command = check_command(copy, request.command, request.timeout);
  // Nothing in a copy is worth protecting, and a link in the way of it would stop the sandbox.
  command.protected_paths.clear();
  // A repository without a .git folder, which the workspace itself may have been made, is none.
  command.environment.insert(command.environment.end(),
                             {{"GIT_CONFIG_COUNT", "1"},
                              {"GIT_CONFIG_KEY_0", "safe.bareRepository"},
                              {"GIT_CONFIG_VALUE_0", "explicit"}});
  command.limits.printed_bytes = kScorePrinted;
  command.limits.output_head = kScoreOutput / 2;
  command.limits.output_tail = kScoreOutput / 2;
  auto exit = sandbox.run(command, std::move(stop));
  if (!exit) return {.verdict = {.error = exit.error().message}};
  ScoredWorkspace scored{.removed = std::move(*removed), .ending = ending_of(*exit)};
  scored.verdict = verdict_of(std::move(*exit));
  return scored;
}

}  // namespace pareto
