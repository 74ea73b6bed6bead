#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools/sandbox/sandbox.h"
#include "tools/tool.h"
#include "tools/workspace/folder.h"

namespace pareto {

// A file that is about to be written.
struct FileChange {
  std::string path;                   // normal form
  std::optional<std::string> before;  // absent: the file does not exist
  std::string after;
};

// Writes the file unless that would break the syntax of one that was whole. Returns nothing when it
// was written, else the result for the model.
std::optional<ToolResult> apply_change(const Folder& folder, const FileChange& change,
                                       const Sandbox& sandbox, const ToolContext& context);

}  // namespace pareto
