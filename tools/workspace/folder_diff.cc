#include "tools/workspace/folder_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/digest.h"
#include "tools/output.h"
#include "tools/workspace/copy_tree.h"
#include "tools/workspace/folder.h"
#include "tools/workspace/local_workbench.h"
#include "tools/workspace/unified_diff.h"

namespace pareto {
namespace {

constexpr std::size_t kMaxDiff = 1 << 20;
constexpr std::size_t kMaxFile = 8 << 20;

// A file as git sees it: a mode of three kinds, and a symlink's target as its content.
struct Version {
  std::string mode;
  std::string content;

  friend bool operator==(const Version&, const Version&) = default;
};

Result<Version> version_of(const Folder& folder, const FolderEntry& entry) {
  if (entry.kind == FolderEntry::Kind::symlink) {
    auto target = link_target(folder, entry.path);
    if (!target) return std::unexpected(target.error());
    return Version{"120000", std::move(*target)};
  }
  auto content = folder.read(entry.path, kMaxFile);
  const char* mode = (entry.mode & 0100) != 0 ? "100755" : "100644";
  if (content) return Version{mode, std::move(*content)};
  // Too large to show: the size stands for it, with a zero byte that marks it as binary.
  return Version{mode, std::string(1, '\0') + std::to_string(entry.bytes)};
}

// Names with unusual bytes are quoted the way git does.
std::string quoted(const std::string& prefix, const std::string& path) {
  const bool plain = std::ranges::all_of(path, [](char c) {
    return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20 &&
           static_cast<unsigned char>(c) < 0x7F;
  });
  if (plain) return prefix + path;
  std::string out = "\"" + prefix;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte >= 0x7F) {
      out += fmt::format("\\{:03o}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string file_diff(const std::string& path, const std::optional<Version>& before,
                      const std::optional<Version>& after) {
  const std::string a = quoted("a/", path);
  const std::string b = quoted("b/", path);
  std::string out = fmt::format("diff --git {} {}\n", a, b);
  if (!before) {
    out += fmt::format("new file mode {}\n", after->mode);
  } else if (!after) {
    out += fmt::format("deleted file mode {}\n", before->mode);
  } else if (before->mode != after->mode) {
    out += fmt::format("old mode {}\nnew mode {}\n", before->mode, after->mode);
  }
  const std::string old_text = before ? before->content : "";
  const std::string new_text = after ? after->content : "";
  if (old_text == new_text) return out;
  const std::string from = before ? a : "/dev/null";
  const std::string to = after ? b : "/dev/null";
  if (looks_binary(old_text) || looks_binary(new_text)) {
    return out + fmt::format("Binary files {} and {} differ\n", from, to);
  }
  return out + fmt::format("--- {}\n+++ {}\n{}", from, to, unified_hunks(old_text, new_text));
}

// A changed kind (a file that became a link) is a removal and an addition to git.
std::string path_diff(const std::string& path, const std::optional<Version>& before,
                      const std::optional<Version>& after) {
  const bool kind_changed =
      before && after && (before->mode == "120000") != (after->mode == "120000");
  if (!kind_changed) return file_diff(path, before, after);
  return file_diff(path, before, std::nullopt) + file_diff(path, std::nullopt, after);
}

}  // namespace

Result<std::string> diff_selected(const std::string& before, const std::string& after,
                                  const Selection& selection) {
  auto old_folder = Folder::open(before);
  if (!old_folder) return std::unexpected(old_folder.error());
  auto new_folder = Folder::open(after);
  if (!new_folder) return std::unexpected(new_folder.error());
  auto old_files = workspace_files(*old_folder, {});
  if (!old_files) return std::unexpected(old_files.error());
  auto new_files = workspace_files(*new_folder, selection);
  if (!new_files) return std::unexpected(new_files.error());
  std::map<std::string, std::pair<const FolderEntry*, const FolderEntry*>> paths;
  for (const FolderEntry& entry : *old_files) paths[entry.path].first = &entry;
  for (const FolderEntry& entry : *new_files) paths[entry.path].second = &entry;
  std::string out;
  std::size_t left_out = 0;
  for (const auto& [path, entries] : paths) {
    std::optional<Version> versions[2];
    for (const bool is_new : {false, true}) {
      const FolderEntry* entry = is_new ? entries.second : entries.first;
      if (entry == nullptr) continue;
      auto version = version_of(is_new ? *new_folder : *old_folder, *entry);
      if (!version) return std::unexpected(version.error());
      versions[is_new ? 1 : 0] = std::move(*version);
    }
    if (versions[0] == versions[1]) continue;
    std::string part = path_diff(path, versions[0], versions[1]);
    if (out.size() + part.size() > kMaxDiff) {
      ++left_out;
    } else {
      out += to_valid_utf8(part);
    }
  }
  if (left_out > 0) out += fmt::format("# {} more files differ; a diff holds 1 MB\n", left_out);
  return out;
}

Result<std::string> diff_folders(const std::string& before, const std::string& after) {
  return diff_selected(before, after, {});
}

Result<std::string> digest_folder(const std::string& folder) {
  auto opened = Folder::open(folder);
  if (!opened) return std::unexpected(opened.error());
  auto files = workspace_files(*opened, {});
  if (!files) return std::unexpected(files.error());
  Sha256 hash;
  for (const FolderEntry& entry : *files) {
    const std::string file = fmt::format("{}/{}", folder, entry.path);
    auto content = entry.kind == FolderEntry::Kind::symlink ? link_target(*opened, entry.path)
                                                            : sha256_file(file);
    if (!content) return std::unexpected(content.error());
    const char kind = entry.kind == FolderEntry::Kind::symlink ? 'l'
                      : (entry.mode & 0100) != 0               ? 'x'
                                                               : 'f';
    // Lengths keep two lists of files from running together to the same bytes.
    hash.add(fmt::format("{}{}:{}{}:{}", kind, entry.path.size(), entry.path, content->size(),
                         *content));
  }
  return hash.finish();
}

}  // namespace pareto
