#include "tools/workspace/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "agent/io/process.h"
#include "tools/workspace/folder.h"
#include "tools/workspace/git_source.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRecord = "place.json";

Result<void> make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error)
    return fail(ErrorCode::internal, fmt::format("can't make {}: {}", path, error.message()));
  return {};
}

Result<void> write_files(const std::string& workspace, const Task& task) {
  if (task.files.empty()) return {};
  auto folder = Folder::open(workspace);
  if (!folder) return std::unexpected(folder.error());
  for (const auto& [path, text] : task.files) {
    if (auto written = folder->write(path, text); !written) {
      return fail(ErrorCode::invalid,
                  fmt::format("task file {}: {}", path, written.error().message));
    }
  }
  return {};
}

// Fills the folder of a new run; `record` says where its workspace is.
Result<void> fill(const WorkbenchOptions& options, const std::string& folder, const Task& task,
                  PlaceRecord& record) {
  const CopyBounds bounds{options.max_bytes, options.max_files};
  record.place.corpus = task.corpus;
  const bool git = is_git_source(task.workspace);
  const bool in_place =
      options.source == WorkspaceSource::in_place && !task.workspace.empty() && !git;
  record.place.workspace = in_place ? task.workspace : folder + "/workspace";
  Result<void> done = in_place ? Result<void>() : make_folder(record.place.workspace);
  if (done && git) {
    done = check_out(task.workspace, record.place.workspace);
  } else if (done && !in_place && !task.workspace.empty()) {
    done = copy_tree(task.workspace, record.place.workspace, bounds);
  }
  if (done) done = write_files(record.place.workspace, task);
  if (!done) return done;
  Selection selection;
  if (in_place) selection = tracked_files(record.place.workspace);
  record.tracked_only = selection.paths.has_value();
  return copy_tree(record.place.workspace, folder + "/snapshot", bounds, selection);
}

}  // namespace

std::string run_folder_of(const WorkbenchOptions& options, const RunId& run) {
  return fmt::format("{}/runs/{}", options.state_folder, run.value);
}

Result<PlaceRecord> read_place(const std::string& run_folder) {
  auto folder = Folder::open(run_folder);
  if (!folder) return std::unexpected(folder.error());
  auto text = folder->read(kRecord, 1 << 16);
  if (!text) return std::unexpected(text.error());
  auto json = parse_json(*text);
  if (!json) return std::unexpected(json.error());
  JsonFields fields(*json, kRecord);
  PlaceRecord record;
  record.place.workspace = fields.text("workspace");
  record.place.corpus = fields.text_or("corpus", "");
  record.tracked_only = fields.flag_or("tracked_only", false);
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return record;
}

Result<void> write_place(const std::string& run_folder, const PlaceRecord& record) {
  auto folder = Folder::open(run_folder);
  if (!folder) return std::unexpected(folder.error());
  const Json json = {{"workspace", record.place.workspace},
                     {"corpus", record.place.corpus},
                     {"tracked_only", record.tracked_only}};
  return folder->write(kRecord, dump_json(json) + "\n");
}

Selection tracked_files(const std::string& folder) {
  std::error_code ignored;
  if (!fs::exists(folder + "/.git", ignored)) return {};
  constexpr std::size_t kMaxList = 64 << 20;
  // A repository may name programs for git to start; none of them is wanted here.
  ProcessSpec spec{.command = {"git", "-c", "safe.directory=*", "-c", "core.fsmonitor=", "-c",
                               "core.hooksPath=/dev/null", "-C", folder, "ls-files", "--cached",
                               "--others", "--exclude-standard", "-z"},
                   .head_bytes = kMaxList};
  const auto listed = run_process(spec);
  if (!listed || !listed->ok() || listed->out.dropped > 0) return {};
  std::vector<std::string> paths;
  std::string_view rest = listed->out.head;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    const std::string_view path = rest.substr(0, end);
    // A nested repository is listed as a folder.
    if (!path.empty() && path.back() != '/') paths.emplace_back(path);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::ranges::sort(paths);
  const auto repeated = std::ranges::unique(paths);
  paths.erase(repeated.begin(), repeated.end());
  return {std::move(paths)};
}

Result<Workbench::Place> open_workspace(const WorkbenchOptions& options, const RunId& run,
                                        const Task& task) {
  const std::string folder = run_folder_of(options, run);
  if (auto known = read_place(folder)) {
    auto workspace = Folder::open(known->place.workspace);
    if (!workspace) return std::unexpected(workspace.error());
    if (auto clean = workspace->remove_scratch(); !clean) return std::unexpected(clean.error());
    return known->place;
  }
  std::error_code error;
  fs::remove_all(folder, error);
  if (auto made = make_folder(folder); !made) return std::unexpected(made.error());
  if (!task.corpus.empty() && !fs::is_regular_file(task.corpus, error)) {
    return fail(ErrorCode::not_found, fmt::format("there is no corpus at {}", task.corpus));
  }
  PlaceRecord record;
  if (auto filled = fill(options, folder, task, record); !filled) {
    fs::remove_all(folder, error);
    return std::unexpected(filled.error());
  }
  if (auto written = write_place(folder, record); !written) return std::unexpected(written.error());
  return record.place;
}

Result<Workbench::Place> fork_workspace(const WorkbenchOptions& options, const RunId& from,
                                        const RunId& to, const std::string& diff) {
  const std::string source = run_folder_of(options, from);
  const std::string target = run_folder_of(options, to);
  auto record = read_place(source);
  if (!record) return std::unexpected(record.error());
  const CopyBounds bounds{options.max_bytes, options.max_files};
  record->place.workspace = target + "/workspace";
  record->tracked_only = false;
  for (const char* part : {"/workspace", "/snapshot"}) {
    if (auto copied = copy_tree(source + "/snapshot", target + part, bounds); !copied) {
      return std::unexpected(copied.error());
    }
  }
  if (!diff.empty()) {
    // Without the ceiling git would take the paths as those of a repository around the state.
    ProcessSpec spec{.command = {"env", "-u", "GIT_DIR", "GIT_CEILING_DIRECTORIES=" + target, "git",
                                 "apply", "--whitespace=nowarn", "-"},
                     .folder = record->place.workspace,
                     .input = diff};
    const auto applied = run_process(spec);
    if (!applied) return std::unexpected(applied.error());
    if (!applied->ok()) {
      return fail(ErrorCode::internal,
                  fmt::format("the diff does not apply to the snapshot: {}", applied->err.text()));
    }
  }
  if (auto written = write_place(target, *record); !written)
    return std::unexpected(written.error());
  return record->place;
}

}  // namespace pareto
