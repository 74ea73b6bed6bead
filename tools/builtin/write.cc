#include "tools/builtin/write.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "tools/builtin/builtin_tool.h"
#include "tools/builtin/file_change.h"
#include "tools/builtin/lines.h"
#include "tools/builtin/paths.h"
#include "tools/builtin/spec.h"

namespace pareto {
namespace {

ToolSpec write_spec() {
  return {.name = "write",
          .description = "Write a whole file, in place of what it held; folders are made.",
          .summary = "write a whole file",
          .parameters = parameters_of(
              {{"path", "string", Need::required, "file, relative to the workspace"},
               {"text", "string", Need::required, "everything that the file is to hold"}}),
          .replay = Replay::idempotent,
          .timeout = Milliseconds(30'000)};
}

class WriteTool : public BuiltinTool {
 public:
  explicit WriteTool(const Sandbox& sandbox) : BuiltinTool(write_spec()), sandbox_(sandbox) {}

  bool offered(const Task&) const override { return false; }

  ToolResult call(const Json& arguments, const ToolContext& context) override {
    auto folder = workspace_of(context);
    if (!folder) return tool_error(folder.error().message);
    auto path = Folder::normal(text_argument(arguments, "path"));
    if (!path) return tool_error(path.error().message + ".");
    auto before = folder->read(*path);
    if (!before && before.error().code != ErrorCode::not_found &&
        before.error().code != ErrorCode::limit) {
      return path_error(*folder, *path, before.error());
    }
    FileChange change{*path, std::nullopt, text_argument(arguments, "text")};
    if (before) change.before = std::move(*before);
    if (auto refused = apply_change(*folder, change, sandbox_, context)) return std::move(*refused);
    ToolResult result =
        tool_ok(fmt::format("Wrote {} ({} lines).", *path, lines_of(change.after).size()));
    result.changed_workspace = change.before != change.after;
    result.paths = {*path};
    return result;
  }

 private:
  const Sandbox& sandbox_;
};

}  // namespace

std::shared_ptr<Tool> make_write_tool(const Sandbox& sandbox) {
  return std::make_shared<WriteTool>(sandbox);
}

}  // namespace pareto
