#include "tools/builtin/file_change.h"

#include <fmt/format.h>

#include "tools/builtin/paths.h"
#include "tools/builtin/syntax_gate.h"

namespace pareto {
namespace {

// Git on the host runs programs that are named in there.
bool in_version_control(const std::string& path) { return ("/" + path + "/").contains("/.git/"); }

}  // namespace

std::optional<ToolResult> apply_change(const Folder& folder, const FileChange& change,
                                       const Sandbox& sandbox, const ToolContext& context) {
  if (in_version_control(change.path)) {
    return ToolResult{.status = ResultStatus::denied,
                      .text = "Files of .git can't be written. Change the work tree instead."};
  }
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
