#include "tools/builtin/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "tools/builtin/builtin_tool.h"
#include "tools/builtin/lines.h"
#include "tools/builtin/paths.h"
#include "tools/builtin/spec.h"
#include "tools/output.h"

namespace pareto {
namespace {

constexpr std::size_t kMaxText = 16'000;
constexpr std::size_t kMaxEntries = 300;

ToolSpec view_spec() {
  return {.name = "view",
          .description =
              "Show a file with line numbers (each line is NUMBER, a tab, the text), or list a "
              "folder two levels deep. A file too long to show is outlined by its definitions; "
              "then view parts of it with start and end.",
          .summary = "show a file or folder",
          .parameters = parameters_of(
              {{"path", "string", Need::required, "file or folder, relative to the workspace"},
               {"start", "integer", Need::optional, "first line to show, from 1"},
               {"end", "integer", Need::optional, "last line to show"}}),
          .replay = Replay::idempotent,
          .timeout = Milliseconds(10'000)};
}

class ViewTool : public BuiltinTool {
 public:
  ViewTool() : BuiltinTool(view_spec()) {}

  bool offered(const Task& task) const override { return has_files(task); }
  std::size_t max_text() const override { return kMaxText + 1'000; }

  ToolResult call(const Json& arguments, const ToolContext& context) override {
    auto folder = workspace_of(context);
    if (!folder) return tool_error(folder.error().message);
    const std::string path = text_argument(arguments, "path");
    auto entry = folder->stat(path);
    if (!entry) return path_error(*folder, path, entry.error());
    if (entry->kind == FolderEntry::Kind::folder) return list(*folder, entry->path);
    auto text = folder->read(path);
    if (!text) return path_error(*folder, path, text.error());
    ToolResult result = show(entry->path, *text, arguments);
    result.paths = {entry->path};
    return result;
  }

 private:
  static ToolResult show(const std::string& path, const std::string& text, const Json& arguments) {
    if (looks_binary(text)) {
      return tool_ok(fmt::format("{} is a binary file of {} bytes.", path, text.size()));
    }
    const std::vector<Line> lines = lines_of(text);
    const auto count = static_cast<std::int64_t>(lines.size());
    if (count == 0) return tool_ok(fmt::format("{} is empty.", path));
    const std::int64_t start = integer_argument(arguments, "start", 1);
    const std::int64_t end = integer_argument(arguments, "end", count);
    const bool whole = !arguments.contains("start") && !arguments.contains("end");
    // -1 is what models write for "to the end".
    const std::int64_t last = end < 0 ? count : std::min(end, count);
    const std::int64_t first = std::max<std::int64_t>(start, 1);
    if (first > last) {
      return tool_error(fmt::format("{} has {} lines; lines {} to {} are not among them.", path,
                                    count, start, end));
    }
    std::size_t shown = 0;
    std::string body = numbered(text, lines, static_cast<std::size_t>(first),
                                static_cast<std::size_t>(last), kMaxText, &shown);
    std::string out = fmt::format("{} ({} lines)\n", path, count);
    if (static_cast<std::int64_t>(shown) == last) return tool_ok(out + body);
    if (whole) {
      const std::string definitions = outline(text, lines, kMaxText - 500);
      if (!definitions.empty()) {
        return tool_ok(out + definitions +
                       "[Outline only, as the file is long. View parts with start and end.]");
      }
    }
    return tool_ok(out + body +
                   fmt::format("[Lines {} to {} are not shown; view from start={}.]", shown + 1,
                               last, shown + 1));
  }

  static ToolResult list(const Folder& folder, const std::string& path) {
    const std::size_t base = path == "." ? 0 : path.size() + 1;
    std::string out;
    std::size_t entries = 0;
    std::size_t left_out = 0;
    auto walked = folder.walk(path, 20'000, [&](const FolderEntry& entry) {
      const std::string below = entry.path.substr(base);
      const auto depth = std::ranges::count(below, '/');
      const std::string_view name = std::string_view(below).substr(below.rfind('/') + 1);
      if (name.starts_with('.') || is_litter(name)) return false;
      if (++entries > kMaxEntries || out.size() > kMaxText) {
        ++left_out;
        return false;
      }
      const bool is_folder = entry.kind == FolderEntry::Kind::folder;
      out +=
          is_folder ? entry.path + "/\n" : fmt::format("{} ({} bytes)\n", entry.path, entry.bytes);
      return depth == 0;
    });
    if (!walked) return tool_error(walked.error().message + ".");
    if (left_out > 0) out += fmt::format("[{} more; view a folder in it]\n", left_out);
    if (out.empty()) return tool_ok(fmt::format("The folder {} is empty.", path));
    return tool_ok(std::move(out));
  }
};

}  // namespace

std::shared_ptr<Tool> make_view_tool() { return std::make_shared<ViewTool>(); }

}  // namespace pareto
