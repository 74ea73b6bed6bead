#include "tools/builtin/edit.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "tools/builtin/builtin_tool.h"
#include "tools/builtin/edit_text.h"
#include "tools/builtin/file_change.h"
#include "tools/builtin/lines.h"
#include "tools/builtin/paths.h"
#include "tools/builtin/spec.h"
#include "tools/output.h"

namespace pareto {
namespace {

constexpr std::size_t kAround = 4;
constexpr std::size_t kShownBytes = 6'000;

ToolSpec edit_spec() {
  return {.name = "edit",
          .description =
              "Replace the text old, which must occur exactly once in the file, by new. Copy old "
              "from the file without line numbers, with enough lines around it to be unique. With "
              "an empty old and a path that does not exist the file is created with new.",
          .summary = "replace text in a file; old must occur once",
          .parameters = parameters_of(
              {{"path", "string", Need::required, "file, relative to the workspace"},
               {"old", "string", Need::required, "exact text to replace; empty to create a file"},
               {"new", "string", Need::required, "text to put there"}}),
          .timeout = Milliseconds(30'000)};
}

class EditTool : public BuiltinTool {
 public:
  explicit EditTool(const Sandbox& sandbox) : BuiltinTool(edit_spec()), sandbox_(sandbox) {}

  bool offered(const Task& task) const override { return has_files(task); }

  ToolResult call(const Json& arguments, const ToolContext& context) override {
    auto folder = workspace_of(context);
    if (!folder) return tool_error(folder.error().message);
    const std::string old = text_argument(arguments, "old");
    const std::string fresh = text_argument(arguments, "new");
    auto path = Folder::normal(text_argument(arguments, "path"));
    if (!path) return tool_error(path.error().message + ".");
    auto before = folder->read(*path);
    if (!before && before.error().code != ErrorCode::not_found) {
      return path_error(*folder, *path, before.error());
    }
    if (!before || before->empty()) {
      if (!old.empty()) {
        return before ? tool_error(fmt::format("{} is empty; give an empty old to fill it.", *path))
                      : path_error(*folder, *path, before.error());
      }
      std::optional<std::string> nothing;
      if (before) nothing = std::move(*before);
      return change(*folder, {*path, std::move(nothing), fresh}, {fresh, 1, fresh.size(), ""},
                    context);
    }
    if (before->contains('\0')) return tool_error(*path + " is a binary file; it can't be edited.");
    if (old.empty()) {
      return tool_error(
          fmt::format("{} exists. Give in old the exact text to replace; view the "
                      "file first.",
                      *path));
    }
    auto edit = replace_once(*before, old, fresh);
    if (!edit) return tool_error(fmt::format("{}: {}", *path, edit.error().message));
    std::string after = edit->text;
    return change(*folder, {*path, std::move(*before), std::move(after)}, *edit, context);
  }

 private:
  ToolResult change(const Folder& folder, const FileChange& change, const TextEdit& edit,
                    const ToolContext& context) {
    if (auto refused = apply_change(folder, change, sandbox_, context)) return std::move(*refused);
    const std::vector<Line> lines = lines_of(change.after);
    const std::size_t first = edit.first_line > kAround ? edit.first_line - kAround : 1;
    std::string text = fmt::format(
        "{} {}{}.\n", change.before ? "Edited" : "Created", change.path,
        edit.rule.empty() ? "" : fmt::format(" (old was found although {})", edit.rule));
    std::size_t shown = 0;
    const std::size_t last = std::min(edit.last_line + kAround, lines.size());
    text += numbered(change.after, lines, first, last, kShownBytes, &shown);
    if (shown < last) text += "[more lines of the edit follow]\n";
    ToolResult result = tool_ok(std::move(text));
    result.changed_workspace = change.before != change.after;
    result.paths = {change.path};
    return result;
  }

  const Sandbox& sandbox_;
};

}  // namespace

std::shared_ptr<Tool> make_edit_tool(const Sandbox& sandbox) {
  return std::make_shared<EditTool>(sandbox);
}

}  // namespace pareto
