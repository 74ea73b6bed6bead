#include "tools/workspace/score_copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "tools/workspace/copy_tree.h"
#include "tools/workspace/deciders.h"
#include "tools/workspace/folder.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

constexpr CopyBounds kBounds{.max_bytes = 1LL << 30, .max_files = 200'000};
constexpr std::size_t kMostEntries = 200'000;

using Kind = FolderEntry::Kind;
using Entries = std::map<std::string, Kind>;

std::string parent_of(const std::string& path) { return fs::path(path).parent_path().string(); }
std::string name_of(const std::string& path) { return fs::path(path).filename().string(); }

Result<Entries> entries_of(const std::string& folder) {
  Entries entries;
  auto opened = Folder::open(folder);
  if (!opened) return std::unexpected(opened.error());
  auto walked = opened->walk(".", kMostEntries, [&entries](const FolderEntry& entry) {
    entries.emplace(entry.path, entry.kind);
    return true;
  });
  if (!walked) return std::unexpected(walked.error());
  return entries;
}

// Whether a part of the path takes effect by lying there.
bool decides(const std::string& path) {
  bool in_git = false;
  for (const fs::path& part : fs::path(path)) {
    if (decides_verdicts(part.string()) || (in_git && decides_git(part.string()))) return true;
    in_git |= part == ".git";
  }
  return false;
}

// A table for pytest in a file that has other uses.
bool configures_pytest(const Folder& folder, const std::string& path) {
  if (name_of(path) != "pyproject.toml") return false;
  const auto text = folder.read(path);
  return !text || text->contains("ini_options") || text->contains("tool.pytest");
}

// Where a test run may look for modules first: the root, the folders of hidden files, and whatever
// folder the command names.
std::set<std::string> import_folders(const ScoreRequest& request, const std::string& copy) {
  std::set<std::string> folders{""};
  std::error_code error;
  const fs::path root = fs::canonical(copy, error);
  for (const auto& [path, text] : request.files) folders.insert(parent_of(path));
  constexpr const char* kBetween = " \t\n;:=&|()<>`'\"$,";
  for (std::size_t at = 0; at < request.command.size();) {
    const std::size_t begin = request.command.find_first_not_of(kBetween, at);
    if (begin == std::string::npos) break;
    at = std::min(request.command.find_first_of(kBetween, begin), request.command.size());
    const auto word = Folder::normal(request.command.substr(begin, at - begin));
    if (!word) continue;
    for (std::string path = *word; !path.empty(); path = parent_of(path)) {
      if (!fs::is_directory(root / path, error)) continue;
      folders.insert(path);
      // What a link of the agent's leads to.
      folders.insert(fs::canonical(root / path, error).lexically_relative(root).string());
    }
  }
  return folders;
}

// "tests/t.py" is imported as the modules `tests` and `t`: folder and module name, with the path
// that is meant.
std::map<std::pair<std::string, std::string>, std::string> hidden_modules(
    const ScoreRequest& request) {
  std::map<std::pair<std::string, std::string>, std::string> modules;
  for (const auto& [path, text] : request.files) {
    if (!path.ends_with(".py")) continue;
    for (std::string at = path; !at.empty(); at = parent_of(at)) {
      modules[{parent_of(at), module_of(name_of(at))}] = at;
    }
  }
  return modules;
}

class Cleaner {
 public:
  Cleaner(const ScoreRequest& request, const Folder& copy, const Entries& entries,
          const Entries& originals)
      : copy_(copy),
        entries_(entries),
        originals_(originals),
        folders_(import_folders(request, copy.path())),
        hidden_(hidden_modules(request)) {}

  // Whether the entry must not be there when the scorer runs.
  bool unwanted(const std::string& path, Kind kind) const {
    const std::string name = name_of(path);
    if (decides(path) || configures_pytest(copy_, path)) return true;
    const auto original = originals_.find(path);
    // A link or a file leads to a repository elsewhere, with hooks and a configuration of its own.
    if (name == ".git" && kind != Kind::folder) return true;
    if (original != originals_.end()) return false;
    const std::string folder = parent_of(path);
    const std::string module = module_of(name);
    if (module.empty() || !is_imported(path, kind)) return false;
    if (const auto meant = hidden_.find({folder, module}); meant != hidden_.end()) {
      return meant->second != path;
    }
    return folders_.contains(folder) && is_runners_module(module);
  }

 private:
  // A folder without __init__ comes last of all that has its name.
  bool is_imported(const std::string& path, Kind kind) const {
    if (kind == Kind::file) return name_of(path).contains('.');
    if (kind == Kind::symlink) return true;
    const std::string begin = path + "/__init__.";
    const auto init = entries_.lower_bound(begin);
    return init != entries_.end() && init->first.starts_with(begin);
  }

  const Folder& copy_;
  const Entries& entries_;
  const Entries& originals_;
  std::set<std::string> folders_;
  std::map<std::pair<std::string, std::string>, std::string> hidden_;
};

// Makes room for a file: a link or a folder that the agent put there leads elsewhere.
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

// Puts back what decides verdicts and belongs to the task.
Result<void> put_back(const std::string& snapshot, const Entries& originals, const Folder& copy) {
  auto folder = Folder::open(snapshot);
  if (!folder) return std::unexpected(folder.error());
  Selection selection{std::vector<std::string>()};
  for (const auto& [path, kind] : originals) {
    const bool git_link = name_of(path) == ".git" && kind != Kind::folder;
    if (kind == Kind::folder) continue;
    if (!decides(path) && !configures_pytest(*folder, path) && !git_link) continue;
    clear_way(copy.path(), path);
    selection.paths->push_back(path);
  }
  return copy_tree(snapshot, copy.path(), kBounds, selection);
}

Result<void> write_hidden(const ScoreRequest& request, const Folder& copy) {
  for (const auto& [path, text] : request.files) {
    auto name = Folder::normal(path);
    if (!name) {
      return fail(ErrorCode::invalid,
                  fmt::format("hidden file {}: {}", path, name.error().message));
    }
    clear_way(copy.path(), *name);
    if (auto written = copy.write(*name, text); !written) {
      return fail(ErrorCode::internal,
                  fmt::format("hidden file {}: {}", path, written.error().message));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> make_score_copy(const ScoreRequest& request,
                                                 const std::string& to) {
  if (auto copied = copy_tree(request.workspace, to, kBounds); !copied) {
    return std::unexpected(copied.error());
  }
  auto copy = Folder::open(to);
  if (!copy) return std::unexpected(copy.error());
  auto entries = entries_of(to);
  if (!entries) return std::unexpected(entries.error());
  Entries originals;
  if (auto known = entries_of(request.snapshot); known) originals = std::move(*known);

  std::vector<std::string> removed;
  const Cleaner cleaner(request, *copy, *entries, originals);
  std::set<std::string> gone;
  for (const auto& [path, kind] : *entries) {
    // A folder comes before what is in it.
    const bool inside = gone.contains(parent_of(path));
    if (!inside && !cleaner.unwanted(path, kind)) continue;
    gone.insert(path);
    if (inside) continue;
    std::error_code error;
    fs::remove_all(to + "/" + path, error);
    if (error) {
      return fail(ErrorCode::internal, fmt::format("can't remove {}: {}", path, error.message()));
    }
    if (!originals.contains(path) && !is_leftover(name_of(path))) removed.push_back(path);
  }
  if (!originals.empty()) {
    if (auto put = put_back(request.snapshot, originals, *copy); !put) {
      return std::unexpected(put.error());
    }
  }
  if (auto written = write_hidden(request, *copy); !written) {
    return std::unexpected(written.error());
  }
  return removed;
}

}  // namespace pareto
