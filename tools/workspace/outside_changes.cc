#include "tools/workspace/outside_changes.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "tools/workspace/folder.h"

namespace pareto {
namespace {

constexpr const char* kRoot = ".";

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? kRoot : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// What a look at a folder found.
struct Look {
  std::vector<std::string> files;   // changed
  std::set<std::string> changed;    // folders
  std::set<std::string> explained;  // folders with something in them that changed, too
  std::set<std::string> present;    // files and folders, where a selection has to be compared
};

// Folders that changed although nothing in them did: something is gone.
std::vector<std::string> lost_from(const Look& look) {
  std::vector<std::string> folders;
  std::ranges::set_difference(look.changed, look.explained, std::back_inserter(folders));
  return folders;
}

// The folder that is left of those on the way to a path.
std::string nearest_folder(const Look& look, const std::string& path) {
  std::string folder = parent_of(path);
  while (folder != kRoot && !look.present.contains(folder)) folder = parent_of(folder);
  return folder;
}

}  // namespace

Result<std::vector<std::string>> changed_after(const std::string& folder, Instant since,
                                               const Selection& selection) {
  auto opened = Folder::open(folder);
  if (!opened) return std::unexpected(opened.error());
  const auto selected = [&selection](const std::string& path) {
    return !selection.paths || std::ranges::binary_search(*selection.paths, path);
  };
  Look look;
  const auto take = [&](const FolderEntry& entry) {
    const bool litter = is_litter(name_of(entry.path));
    const bool is_folder = entry.kind == FolderEntry::Kind::folder;
    // Events are stamped in whole milliseconds.
    const bool changed = entry.touched / 1'000'000 > to_ms(since);
    if (selection.paths && !litter) look.present.insert(entry.path);
    if (!changed) return !litter;
    if (entry.path != kRoot) look.explained.insert(parent_of(entry.path));
    if (is_folder && !litter) look.changed.insert(entry.path);
    if (!is_folder && !litter && selected(entry.path)) look.files.push_back(entry.path);
    return !litter;
  };
  auto root = opened->stat(kRoot);
  if (!root) return std::unexpected(root.error());
  root->path = kRoot;
  take(*root);
  auto walked = opened->walk(kRoot, Folder::kMaxScanned, take);
  if (!walked) return std::unexpected(walked.error());

  std::vector<std::string> paths = std::move(look.files);
  const std::vector<std::string> lost = lost_from(look);
  if (!selection.paths) {
    for (const std::string& path : lost) paths.push_back(path + "/");
  } else {
    for (const std::string& path : *selection.paths) {
      if (look.present.contains(path)) continue;
      if (std::ranges::binary_search(lost, nearest_folder(look, path))) paths.push_back(path);
    }
  }
  std::ranges::sort(paths);
  return paths;
}

}  // namespace pareto
