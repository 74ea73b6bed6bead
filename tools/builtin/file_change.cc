#include "tools/builtin/file_change.h"

#include <fmt/format.h>

#include "tools/builtin/paths.h"
#include "tools/builtin/syntax_gate.h"

namespace pareto {

std::optional<ToolResult> apply_change(const Folder& folder, const FileChange& change,
                                       const Sandbox& sandbox, const ToolContext& context) {
  if (const auto error =
          broken_syntax(change.path, change.before, change.after, sandbox, context.stop)) {
    return tool_error(
        fmt::format("Nothing was changed, as {} would be broken: {}. Mend new and "
                    "call again.",
                    change.path, *error));
  }
  if (context.stop.stop_requested()) {
    return ToolResult{.status = ResultStatus::cancelled, .text = "Cancelled; nothing was changed."};
  }
  if (auto written = folder.write(change.path, change.after); !written) {
    return path_error(folder, change.path, written.error());
  }
  return std::nullopt;
}

}  // namespace pareto
