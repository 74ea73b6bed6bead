#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "tools/tool.h"
#include "tools/workspace/folder.h"

namespace pareto {

// The workspace of a call; an error when the run has none.
Result<Folder> workspace_of(const ToolContext& context);

// An error about a path, with the paths it may have been meant for when there is no such file.
ToolResult path_error(const Folder& folder, std::string_view path, const Error& error);

// Notices which files of a workspace changed, by their sizes and times.
class ChangeWatch {
 public:
  explicit ChangeWatch(const std::string& workspace);
  // Paths of files made, changed or removed since, sorted; at most 100 of them.
  std::vector<std::string> changed() const;

 private:
  using Seen = std::map<std::string, FolderEntry>;
  Seen look() const;

  std::string workspace_;
  Seen before_;
};

}  // namespace pareto
