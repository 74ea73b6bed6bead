#include "tools/builtin/sandbox_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "tools/builtin/paths.h"

namespace pareto {

std::vector<std::string> guarded_paths(const std::string& workspace) {
  if (workspace.empty()) return {};
  // The sandbox refuses to protect what a link leads to. Only a repository that the agent made
  // itself can have one there, which nobody else's hooks are in.
  const auto leads_elsewhere = [&workspace](const std::string& path) {
    std::error_code error;
    return std::filesystem::is_symlink(workspace + "/" + path, error);
  };
  std::vector<std::string> paths;
  if (leads_elsewhere(".git")) return paths;
  for (const char* path : {".git/hooks", ".git/config"}) {
    if (!leads_elsewhere(path)) paths.emplace_back(path);
  }
  return paths;
}

std::string ending_of(const SandboxExit& exit) {
  const double seconds = static_cast<double>(exit.wall.count()) / 1000;
  if (exit.timed_out) return fmt::format("killed after {:.1f} s: its time was up", seconds);
  if (exit.limit) {
    return fmt::format("killed after {:.1f} s: too much of {}", seconds, to_string(*exit.limit));
  }
  return fmt::format("exit status {}, {:.1f} s", exit.exit_code, seconds);
}

SandboxCall call_sandbox(const Sandbox& sandbox, const std::string& command, Milliseconds span,
                         const ToolContext& context) {
  SandboxCommand request;
  request.argv = shell_argv(command);
  request.workspace = context.workspace;
  request.protected_paths = guarded_paths(context.workspace);
  request.environment = {{"CI", "1"},          {"NO_COLOR", "1"}, {"TERM", "dumb"},
                         {"GIT_PAGER", "cat"}, {"PAGER", "cat"},  {"PYTHONDONTWRITEBYTECODE", "1"}};
  request.limits.wall = std::clamp(
      span, Milliseconds(1), std::max(context.deadline.left(context.clock.now()), Milliseconds(1)));
  const ChangeWatch watch(context.workspace);
  auto exit = sandbox.run(request, context.stop);
  SandboxCall call;
  call.result.paths = watch.changed();
  call.result.changed_workspace = !call.result.paths.empty();
  if (!exit) {
    const bool cancelled = exit.error().code == ErrorCode::cancelled;
    call.result.status = cancelled ? ResultStatus::cancelled : ResultStatus::error;
    call.result.text =
        cancelled ? "Cancelled." : "The sandbox failed: " + exit.error().message + ".";
    return call;
  }
  call.ran = true;
  call.exit = std::move(*exit);
  if (call.exit.timed_out) {
    call.result.status = ResultStatus::timed_out;
  } else if (!call.exit.ok()) {
    call.result.status = ResultStatus::error;
  }
  return call;
}

}  // namespace pareto
