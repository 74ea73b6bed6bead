#include "tools/workspace/git_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "agent/io/process.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGit = "git+";
constexpr std::string_view kFile = "file://";
constexpr std::size_t kCommitDigits = 40;

// git without any configuration but the repository's own.
std::vector<std::string> quiet_environment() {
  const char* path = std::getenv("PATH");
  std::vector<std::string> lines{fmt::format("PATH={}", path == nullptr ? "/usr/bin:/bin" : path),
                                 "HOME=/nonexistent",
                                 "LC_ALL=C",
                                 "GIT_CONFIG_NOSYSTEM=1",
                                 "GIT_CONFIG_GLOBAL=/dev/null",
                                 "GIT_ALLOW_PROTOCOL=file",
                                 "GIT_TERMINAL_PROMPT=0"};
  // The same commit on every machine.
  for (const char* who : {"AUTHOR", "COMMITTER"}) {
    lines.push_back(fmt::format("GIT_{}_NAME=task", who));
    lines.push_back(fmt::format("GIT_{}_EMAIL=task@localhost", who));
    lines.push_back(fmt::format("GIT_{}_DATE=2000-01-01T00:00:00+0000", who));
  }
  return lines;
}

// Its output without the line end.
Result<std::string> git(const std::string& folder, std::vector<std::string> arguments) {
  ProcessSpec spec{.command = {"git", "-c", "safe.directory=*", "-C", folder},
                   .environment = quiet_environment()};
  const std::string verb = arguments.front();
  std::ranges::move(arguments, std::back_inserter(spec.command));
  auto exit = run_process(spec);
  if (!exit) return std::unexpected(exit.error());
  if (!exit->ok()) {
    return fail(ErrorCode::invalid, fmt::format("git {}: {}", verb, exit->err.text()));
  }
  std::string output = exit->out.text();
  while (output.ends_with('\n')) output.pop_back();
  return output;
}

Result<void> run_all(const std::string& folder, std::vector<std::vector<std::string>> commands) {
  for (std::vector<std::string>& command : commands) {
    if (auto ran = git(folder, std::move(command)); !ran) return std::unexpected(ran.error());
  }
  return {};
}

Result<void> fetch_tree(const GitSource& source, const std::string& folder) {
  if (auto made = run_all(folder, {{"init", "--quiet", "--template="}}); !made) return made;
  // One commit deep, whether or not a branch leads there.
  auto fetched = git(folder, {"fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head",
                              "--upload-pack=git -c uploadpack.allowAnySHA1InWant=true -c "
                              "safe.directory=* upload-pack",
                              source.repository, source.commit});
  if (!fetched) {
    return fail(ErrorCode::invalid,
                fmt::format("commit {} can't be taken from {}: {}", source.commit,
                            source.repository, fetched.error().message));
  }
  return {};
}

}  // namespace

bool is_git_source(std::string_view workspace) { return workspace.starts_with(kGit); }

Result<GitSource> parse_git_source(std::string_view workspace) {
  const auto wrong = [workspace](std::string_view why) {
    return fail(ErrorCode::invalid,
                fmt::format("workspace {}: expected git+PATH@COMMIT; {}", workspace, why));
  };
  if (!is_git_source(workspace)) return wrong("it does not start with git+");
  std::string_view rest = workspace.substr(kGit.size());
  const std::size_t at = rest.rfind('@');
  if (at == std::string_view::npos) return wrong("no @ and no commit");
  GitSource source{.commit = std::string(rest.substr(at + 1))};
  rest = rest.substr(0, at);
  const bool digits = std::ranges::all_of(
      source.commit, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (!digits || source.commit.size() != kCommitDigits) {
    return wrong("the commit is not 40 lower-case hexadecimal digits");
  }
  if (rest.starts_with(kFile)) rest.remove_prefix(kFile.size());
  if (rest.contains("://")) return wrong("only repositories on this machine: clone it first");
  if (!rest.starts_with('/')) return wrong("the path is not absolute");
  source.repository = rest;
  return source;
}

Result<void> check_out(std::string_view workspace, const std::string& folder) {
  auto source = parse_git_source(workspace);
  if (!source) return std::unexpected(source.error());
  if (auto fetched = fetch_tree(*source, folder); !fetched) return fetched;
  auto commit = git(folder, {"commit-tree", source->commit + "^{tree}", "-m", "the task"});
  if (!commit) return std::unexpected(commit.error());
  auto moved = run_all(folder, {{"symbolic-ref", "HEAD", "refs/heads/main"},
                                {"update-ref", "refs/heads/main", *commit},
                                {"reset", "--quiet", "--hard"}});
  if (!moved) return moved;
  // What still names the original commit, or keeps its objects.
  std::error_code ignored;
  for (const char* trace : {"shallow", "logs", "FETCH_HEAD", "ORIG_HEAD", "packed-refs"}) {
    fs::remove_all(fs::path(folder) / ".git" / trace, ignored);
  }
  return run_all(folder, {{"repack", "--quiet", "-a", "-d", "--no-write-bitmap-index"},
                          {"prune", "--expire=now"}});
}

}  // namespace pareto
