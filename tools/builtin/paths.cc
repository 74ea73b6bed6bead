#include "tools/builtin/paths.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/text/nearest_name.h"

namespace pareto {
namespace {

constexpr std::size_t kLookedAt = 20'000;
constexpr std::size_t kMaxChanged = 100;

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// Files of the same name elsewhere, or else the file of the most similar path.
std::string similar_files(const Folder& folder, std::string_view path) {
  std::vector<std::string> files;
  std::string same_name;
  auto walked = folder.walk(".", 5'000, [&](const FolderEntry& entry) {
    const std::string_view name = base_name(entry.path);
    if (entry.kind != FolderEntry::Kind::folder) {
      files.push_back(entry.path);
      if (name == base_name(path) && same_name.size() < 300) same_name += " " + entry.path;
    }
    return !is_litter(name);
  });
  if (!walked || files.empty()) return " The workspace has no files.";
  if (!same_name.empty()) return " There is:" + same_name + ".";
  if (const auto near = nearest_name(path, files)) return fmt::format(" Did you mean {}?", *near);
  return " View \".\" to see what there is.";
}

}  // namespace

Result<Folder> workspace_of(const ToolContext& context) {
  if (context.workspace.empty()) {
    return fail(ErrorCode::invalid, "This task has no files. Go on without this tool.");
  }
  return Folder::open(context.workspace);
}

ToolResult path_error(const Folder& folder, std::string_view path, const Error& error) {
  std::string text = error.message + ".";
  text[0] = static_cast<char>(text[0] >= 'a' && text[0] <= 'z' ? text[0] - 'a' + 'A' : text[0]);
  if (error.code == ErrorCode::not_found) text += similar_files(folder, path);
  if (error.code == ErrorCode::limit) text += " Read a part of it by run, such as sed -n 1,99p.";
  return tool_error(std::move(text));
}

ChangeWatch::ChangeWatch(const std::string& workspace) : workspace_(workspace), before_(look()) {}

ChangeWatch::Seen ChangeWatch::look() const {
  Seen seen;
  const auto folder = workspace_.empty() ? fail(ErrorCode::invalid, "") : Folder::open(workspace_);
  if (!folder) return seen;
  // A part that can't be read is as unchanged as a part that was not seen.
  std::ignore = folder->walk(".", kLookedAt, [&seen](const FolderEntry& entry) {
    const bool litter = is_litter(base_name(entry.path));
    if (!litter && entry.kind != FolderEntry::Kind::folder) seen.emplace(entry.path, entry);
    return !litter;
  });
  return seen;
}

std::vector<std::string> ChangeWatch::changed() const {
  const Seen after = look();
  std::vector<std::string> paths;
  for (const auto& [path, entry] : after) {
    const auto old = before_.find(path);
    if (old == before_.end() || old->second != entry) paths.push_back(path);
  }
  for (const auto& [path, entry] : before_) {
    if (!after.contains(path)) paths.push_back(path);
  }
  std::ranges::sort(paths);
  if (paths.size() > kMaxChanged) paths.resize(kMaxChanged);
  return paths;
}

}  // namespace pareto
