#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "tools/builtin/sandbox_call.h"
#include "tools/sandbox/sandbox.h"
#include "tools/workspace/copy_tree.h"
#include "tools/workspace/folder.h"
#include "tools/workspace/local_workbench.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kScoreOutput = 1 << 20;
constexpr CopyBounds kScoreBounds{.max_bytes = 1LL << 30, .max_files = 200'000};

// Files by which an agent could decide the verdict of a Python test run without touching a test.
bool decides_verdicts(const std::string& name) {
  constexpr std::array<std::string_view, 8> kNames = {
      "conftest.py", "sitecustomize.py", "usercustomize.py", "pytest.ini",
      ".pytest.ini", "tox.ini",          "setup.cfg",        "pytest.py"};
  return std::ranges::find(kNames, name) != kNames.end() || name.ends_with(".pth") ||
         name == "unittest.py" || name == "unittest" || name == "pytest" || name == "_pytest";
}

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

Verdict verdict_of(const Sandbox& sandbox, const SandboxCommand& request, std::stop_token stop) {
  auto exit = sandbox.run(request, std::move(stop));
  if (!exit) return {.error = exit.error().message};
  Verdict verdict{.passed = exit->ok(), .exit_code = exit->exit_code, .took = exit->wall};
  verdict.output = std::move(exit->output);
  if (exit->timed_out || exit->limit) {
    if (!verdict.output.empty() && verdict.output.back() != '\n') verdict.output += '\n';
    verdict.output += fmt::format("[{}]", ending_of(*exit));
  }
  return verdict;
}

// Removes what decides verdicts and was not there at the start, and puts back what was.
Result<void> restore_deciders(const Folder& copy, const std::string& snapshot) {
  std::vector<std::string> planted;
  auto walked = copy.walk(".", 200'000, [&planted](const FolderEntry& entry) {
    if (!decides_verdicts(fs::path(entry.path).filename().string())) return true;
    planted.push_back(entry.path);
    return false;
  });
  if (!walked) return std::unexpected(walked.error());
  std::error_code error;
  for (const std::string& path : planted) fs::remove_all(copy.path() + "/" + path, error);
  auto original = snapshot.empty() ? fail(ErrorCode::not_found, "") : Folder::open(snapshot);
  if (!original) return {};
  Selection selection{std::vector<std::string>()};
  auto listed = original->walk(".", 200'000, [&](const FolderEntry& entry) {
    const fs::path path(entry.path);
    if (entry.kind != FolderEntry::Kind::folder &&
        std::ranges::any_of(path, [](const fs::path& p) { return decides_verdicts(p.string()); })) {
      selection.paths->push_back(entry.path);
    }
    return true;
  });
  if (!listed) return std::unexpected(listed.error());
  return copy_tree(snapshot, copy.path(), kScoreBounds, selection);
}

// Clears the way for a hidden file: a link or a folder that the agent put there leads elsewhere.
void clear_way(const std::string& root, const std::string& path) {
  std::error_code error;
  fs::path at(root);
  const fs::path relative(path);
  for (auto part = relative.begin(); part != relative.end(); ++part) {
    at /= *part;
    const bool last = std::next(part) == relative.end();
    const auto kind = fs::symlink_status(at, error).type();
    if (kind == fs::file_type::not_found) return;
    if (last || kind != fs::file_type::directory) fs::remove_all(at, error);
  }
}

}  // namespace

Verdict verify_workspace(const std::string& workspace, const CheckCommand& check,
                         Milliseconds at_most, const Sandbox& sandbox, std::stop_token stop) {
  return verdict_of(sandbox,
                    check_command(workspace, check.command, std::min(check.timeout, at_most)),
                    std::move(stop));
}

Verdict score_workspace(const ScoreRequest& request, const Sandbox& sandbox, std::stop_token stop) {
  auto scratch = ScratchFolder::make();
  if (!scratch) return {.error = scratch.error().message};
  const std::string copy = scratch->path() + "/workspace";
  if (auto copied = copy_tree(request.workspace, copy, kScoreBounds); !copied) {
    return {.error = copied.error().message};
  }
  auto folder = Folder::open(copy);
  if (!folder) return {.error = folder.error().message};
  if (auto restored = restore_deciders(*folder, request.snapshot); !restored) {
    return {.error = restored.error().message};
  }
  for (const auto& [path, text] : request.files) {
    auto name = Folder::normal(path);
    if (!name) return {.error = fmt::format("hidden file {}: {}", path, name.error().message)};
    clear_way(copy, *name);
    if (auto written = folder->write(*name, text); !written) {
      return {.error = fmt::format("hidden file {}: {}", path, written.error().message)};
    }
  }
  SandboxCommand command = check_command(copy, request.command, request.timeout);
  command.limits.output_head = kScoreOutput / 2;
  command.limits.output_tail = kScoreOutput / 2;
  return verdict_of(sandbox, command, std::move(stop));
}

}  // namespace pareto
