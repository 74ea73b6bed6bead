#include "tools/builtin/grep.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "tools/builtin/builtin_tool.h"
#include "tools/builtin/lines.h"
#include "tools/builtin/paths.h"
#include "tools/builtin/spec.h"
#include "tools/output.h"

namespace pareto {
namespace {

constexpr std::size_t kMaxLines = 50;
constexpr std::size_t kMaxFiles = 100;
constexpr std::size_t kMaxWidth = 300;
constexpr std::size_t kMaxPattern = 1'000;
constexpr std::size_t kMaxGlob = 200;
constexpr std::size_t kMaxEntries = 100'000;
constexpr std::size_t kMaxFile = 2 << 20;

ToolSpec grep_spec() {
  return {.name = "grep",
          .description =
              "Find the lines that match a regular expression (RE2) in the files of the "
              "workspace, or of one folder or file of it, or of files whose names match a glob. "
              "Many matches are shown as a count for each file.",
          .summary = "find lines by a regular expression",
          .parameters = parameters_of(
              {{"pattern", "string", Need::required, "regular expression"},
               {"path", "string", Need::optional, "file or folder to look in"},
               {"glob", "string", Need::optional, "names of files to look in, such as *.py"}}),
          .replay = Replay::idempotent,
          .timeout = Milliseconds(60'000)};
}

// The stretch of a long line around the match.
std::string cut_around(std::string_view line, std::size_t match) {
  if (line.size() <= kMaxWidth) return std::string(line);
  const std::size_t start =
      std::min(match > kMaxWidth / 3 ? match - kMaxWidth / 3 : 0, line.size() - kMaxWidth);
  const std::string_view part = utf8_prefix(utf8_suffix(line, line.size() - start), kMaxWidth);
  return fmt::format("{}{}{}", start > 0 ? "..." : "", part,
                     start + kMaxWidth < line.size() ? "..." : "");
}

struct Found {
  std::size_t lines = 0;
  std::size_t files = 0;
  std::string text;                                         // of the first kMaxLines lines
  std::vector<std::pair<std::string, std::size_t>> counts;  // of the first kMaxFiles files
  bool complete = true;
};

void search_text(const RE2& pattern, const std::string& path, std::string_view text, Found& found) {
  std::size_t here = 0;
  const std::vector<Line> lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i].in(text);
    re2::StringPiece match;
    if (!pattern.Match({line.data(), line.size()}, 0, line.size(), RE2::UNANCHORED, &match, 1)) {
      continue;
    }
    ++here;
    if (++found.lines > kMaxLines) continue;
    const auto offset = static_cast<std::size_t>(match.data() - line.data());
    found.text += fmt::format("{}:{}:{}\n", path, i + 1, cut_around(line, offset));
  }
  if (here == 0) return;
  if (++found.files <= kMaxFiles) found.counts.emplace_back(path, here);
}

bool name_matches(const std::string& glob, const std::string& path) {
  if (glob.empty()) return true;
  const std::string name = path.substr(path.rfind('/') + 1);
  return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0 ||
         ::fnmatch(glob.c_str(), path.c_str(), 0) == 0;
}

class GrepTool : public BuiltinTool {
 public:
  GrepTool() : BuiltinTool(grep_spec()) {}

  bool offered(const Task& task) const override { return has_files(task); }

  ToolResult call(const Json& arguments, const ToolContext& context) override {
    auto folder = workspace_of(context);
    if (!folder) return tool_error(folder.error().message);
    const std::string path = text_argument(arguments, "path", ".");
    const std::string glob = text_argument(arguments, "glob");
    // fnmatch backtracks over stars.
    if (glob.size() > kMaxGlob || std::ranges::count(glob, '*') > 6) {
      return tool_invalid("The glob is too complicated. Use one such as *.py.");
    }
    const std::string text = text_argument(arguments, "pattern");
    if (text.empty() || text.size() > kMaxPattern) {
      return tool_invalid("Give a pattern of 1 to 1000 characters.");
    }
    RE2::Options options;
    options.set_log_errors(false);
    auto pattern = std::make_unique<RE2>(text, options);
    std::string note;
    if (!pattern->ok()) {
      note =
          fmt::format("[The pattern is no RE2 ({}); it was taken literally.]\n", pattern->error());
      options.set_literal(true);
      pattern = std::make_unique<RE2>(text, options);
    }
    Found found;
    if (auto failed = search(*folder, path, glob, *pattern, context, found)) return *failed;
    return tool_ok(note + report(found));
  }

 private:
  static std::optional<ToolResult> search(const Folder& folder, const std::string& path,
                                          const std::string& glob, const RE2& pattern,
                                          const ToolContext& context, Found& found) {
    const auto look_into = [&](const std::string& file) {
      const auto content = folder.read(file, kMaxFile);
      if (content && !content->substr(0, 8'000).contains('\0')) {
        search_text(pattern, file, *content, found);
      }
    };
    auto entry = folder.stat(path);
    if (!entry) return path_error(folder, path, entry.error());
    if (entry->kind == FolderEntry::Kind::file) {
      look_into(entry->path);
      return std::nullopt;
    }
    auto walked = folder.walk(path, kMaxEntries, [&](const FolderEntry& below) {
      if (context.stop.stop_requested() || context.deadline.passed(context.clock.now())) {
        found.complete = false;
        return false;
      }
      const std::string name = below.path.substr(below.path.rfind('/') + 1);
      if (is_litter(name)) return false;
      if (below.kind == FolderEntry::Kind::file && name_matches(glob, below.path)) {
        look_into(below.path);
      }
      return true;
    });
    if (!walked) return path_error(folder, path, walked.error());
    found.complete = found.complete && *walked;
    return std::nullopt;
  }

  static std::string report(const Found& found) {
    const std::string rest = found.complete ? "" : "[Not every file was searched; narrow path.]\n";
    if (found.lines == 0) return "No line matches.\n" + rest;
    if (found.lines <= kMaxLines) return found.text + rest;
    std::string text = fmt::format("{} lines in {} files match:\n", found.lines, found.files);
    for (const auto& [path, count] : found.counts) text += fmt::format("{}: {}\n", path, count);
    if (found.files > kMaxFiles) {
      text += fmt::format("[{} files more; narrow the pattern, path or glob]\n",
                          found.files - kMaxFiles);
    }
    return text + rest;
  }
};

}  // namespace

std::shared_ptr<Tool> make_grep_tool() { return std::make_shared<GrepTool>(); }

}  // namespace pareto
