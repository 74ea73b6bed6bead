#include "planners/extraction.h"

#include <algorithm>
#include <optional>
#include <set>

#include "agent/text/words.h"

namespace pareto {
namespace {

constexpr std::size_t kLongestHeading = 200;
constexpr std::size_t kLongestPath = 200;
// A block that shares fewer of its lines with a file is not a new version of it.
constexpr double kLeastLikeness = 0.3;

std::string_view trimmed(std::string_view text, std::string_view what = " \t\r\n") {
  const std::size_t first = text.find_first_not_of(what);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(what) - first + 1);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

struct Fence {
  char mark = '`';
  std::size_t length = 0;  // 0: the line is no fence
  std::string_view info;
};

Fence fence_of(std::string_view line) {
  line = trimmed(line);
  if (line.empty() || (line[0] != '`' && line[0] != '~')) return {};
  const std::size_t length = std::min(line.find_first_not_of(line[0]), line.size());
  if (length < 3) return {};
  const std::string_view info = trimmed(line.substr(length));
  if (info.contains('`')) return {};  // inline code
  return {line[0], length, info};
}

// A path written as markdown or as code: **`src/a.py`**:
std::string_view bare(std::string_view word) { return trimmed(word, " \t\r\n*`'\"#:()[]<>,_-/"); }

bool looks_like_path(std::string_view word) {
  if (!is_workspace_path(word)) return false;
  const auto names = file_names_in(word);
  return names.size() == 1 && names[0] == word;
}

// The path in a line of prose or in an info string: a candidate's, else the only file name.
std::optional<std::string> path_in(std::string_view line, std::span<const BriefedFile> candidates) {
  std::optional<std::string> found;
  int others = 0;
  std::string separated(line);
  std::ranges::replace_if(separated, [](char c) { return c == '=' || c == ':'; }, ' ');
  for (std::string_view rest = separated; !rest.empty();) {
    const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
    const std::string_view word = bare(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (word.empty()) continue;
    if (std::ranges::find(candidates, word, &BriefedFile::path) != candidates.end()) {
      return std::string(word);
    }
    if (looks_like_path(word)) {
      found = std::string(word);
      ++others;
    }
  }
  return others == 1 ? found : std::nullopt;
}

// A comment that is a path and nothing else.
std::optional<std::string> path_in_comment(std::string_view text,
                                           std::span<const BriefedFile> candidates) {
  const std::string_view line = trimmed(text.substr(0, text.find('\n')));
  for (const std::string_view mark : {"#", "//", "--", ";", "/*", "<!--"}) {
    if (!line.starts_with(mark)) continue;
    std::string_view rest = trimmed(line.substr(mark.size()), " \t*/->!");
    for (const std::string_view label : {"File:", "file:", "Path:", "path:"}) {
      if (rest.starts_with(label)) rest = trimmed(rest.substr(label.size()));
    }
    const bool known = std::ranges::find(candidates, rest, &BriefedFile::path) != candidates.end();
    if (known || looks_like_path(rest)) return std::string(rest);
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string> path_of(const FencedBlock& block,
                                   std::span<const BriefedFile> candidates) {
  std::optional<std::string> path;
  if (block.info.size() <= kLongestHeading) path = path_in(block.info, candidates);
  if (!path) path = path_in_comment(block.text, candidates);
  if (!path && block.heading.size() <= kLongestHeading) path = path_in(block.heading, candidates);
  return path && is_workspace_path(*path) ? path : std::nullopt;
}

// The blocks that hold all of what the model meant to write.
std::vector<FencedBlock> whole_blocks(std::string_view reply, ReplyEnd end) {
  std::vector<FencedBlock> blocks = fenced_blocks(reply);
  std::erase_if(blocks, [end](const FencedBlock& block) {
    return block.text.empty() || (!block.closed && end == ReplyEnd::cut);
  });
  return blocks;
}

std::set<std::string_view> distinct_lines(std::string_view text) {
  std::set<std::string_view> lines;
  for (const std::string_view line : lines_of(text)) {
    if (const std::string_view kept = trimmed(line); !kept.empty()) lines.insert(kept);
  }
  return lines;
}

// Shared distinct lines over those of the longer text, 0 to 1.
double likeness(std::string_view a, std::string_view b) {
  const auto lines_a = distinct_lines(a);
  const auto lines_b = distinct_lines(b);
  const std::size_t most = std::max(lines_a.size(), lines_b.size());
  if (most == 0) return 0;
  const auto shared = std::ranges::count_if(
      lines_a, [&lines_b](std::string_view line) { return lines_b.contains(line); });
  return static_cast<double>(shared) / static_cast<double>(most);
}

void keep_last(std::vector<BriefedFile>& files, BriefedFile file) {
  const auto same = std::ranges::find(files, file.path, &BriefedFile::path);
  if (same != files.end()) {
    *same = std::move(file);
  } else if (files.size() < kMostWrittenFiles) {
    files.push_back(std::move(file));
  }
}

// The content of the last \boxed{...}, with its braces balanced.
std::optional<std::string_view> boxed(std::string_view text) {
  constexpr std::string_view kBox = "\\boxed{";
  const std::size_t at = text.rfind(kBox);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(at + kBox.size());
  int depth = 1;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    depth += rest[i] == '{' ? 1 : rest[i] == '}' ? -1 : 0;
    if (depth == 0) return rest.substr(0, i);
  }
  return std::nullopt;
}

std::string without_markup(std::string_view text) {
  text = trimmed(text, " \t\r\n*");
  if (const auto content = boxed(text)) return std::string(trimmed(*content));
  for (const char quote : {'"', '`'}) {
    const bool quoted = text.size() >= 2 && text.front() == quote && text.back() == quote &&
                        text.substr(1, text.size() - 2).find(quote) == std::string_view::npos;
    if (quoted) text = trimmed(text.substr(1, text.size() - 2));
  }
  return std::string(text);
}

// "Answer:", "**Final answer:**", ... at the start of a line or behind a sentence.
struct Label {
  std::size_t begin = 0;
  std::size_t end = 0;  // behind the colon
};

std::optional<Label> last_label(std::string_view reply) {
  const std::string lower = ascii_lower(reply);
  for (std::size_t at = lower.rfind("answer"); at != std::string::npos;
       at = at == 0 ? std::string::npos : lower.rfind("answer", at - 1)) {
    const std::size_t line = at == 0 ? std::string::npos : lower.rfind('\n', at - 1);
    std::size_t begin = line == std::string::npos ? 0 : line + 1;
    const std::size_t stop = lower.find_last_of(".!?", at);
    if (stop != std::string::npos && stop >= begin) begin = stop + 1;
    const std::string_view before =
        trimmed(std::string_view(lower).substr(begin, at - begin), " \t*#>_-");
    if (!before.empty() && before != "final" && before != "the final" && before != "the") continue;
    const std::size_t colon = lower.find_first_not_of(" *_", at + 6);
    if (colon != std::string::npos && lower[colon] == ':') return Label{begin, colon + 1};
  }
  return std::nullopt;
}

// What the last line says the answer is: "So the answer is 42."
std::optional<std::string_view> answer_sentence(std::string_view reply) {
  const std::string_view text = trimmed(reply);
  const std::size_t newline = text.rfind('\n');
  const std::string_view line = newline == std::string_view::npos ? text : text.substr(newline + 1);
  constexpr std::string_view kPhrase = "answer is";
  const std::size_t at = ascii_lower(line).rfind(kPhrase);
  if (at == std::string::npos) return std::nullopt;
  const std::string_view rest = trimmed(line.substr(at + kPhrase.size()), " \t:*.");
  return rest.empty() ? std::nullopt : std::optional(rest);
}

// A short answer stands on its line; what follows it after a blank line explains.
std::string_view short_first_line(std::string_view text) {
  constexpr std::size_t kShort = 80;
  text = trimmed(text);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || end > kShort) return text;
  const std::size_t next = text.find_first_not_of(" \t\r", end + 1);
  return next != std::string_view::npos && text[next] == '\n' ? text.substr(0, end) : text;
}

}  // namespace

bool is_workspace_path(std::string_view path) {
  if (path.empty() || path.size() > kLongestPath || path.front() == '/' || path.front() == '~' ||
      path.back() == '/' || path.find_first_of("\\\n\r\t") != std::string_view::npos ||
      path.contains('\0')) {
    return false;
  }
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (path.substr(0, end) == "..") return false;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return true;
}

bool is_test_file(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  const std::string name =
      ascii_lower(slash == std::string_view::npos ? path : path.substr(slash + 1));
  const std::string stem = name.substr(0, name.rfind('.'));
  return stem == "test" || stem == "tests" || stem.starts_with("test_") ||
         stem.ends_with("_test") || stem.ends_with("_tests") || stem.ends_with(".test");
}

std::vector<FencedBlock> fenced_blocks(std::string_view reply) {
  std::vector<FencedBlock> blocks;
  std::string_view heading;
  Fence open;
  for (const std::string_view line : lines_of(reply)) {
    const Fence fence = fence_of(line);
    if (open.length == 0) {
      if (fence.length > 0) {
        blocks.push_back({std::string(fence.info), std::string(trimmed(heading)), "", false});
        open = fence;
      } else if (!trimmed(line).empty()) {
        heading = line;
      }
    } else if (fence.mark == open.mark && fence.length >= open.length && fence.info.empty()) {
      blocks.back().closed = true;
      open = {};
      heading = {};
    } else {
      blocks.back().text.append(line).append("\n");
    }
  }
  return blocks;
}

std::vector<BriefedFile> extract_files(std::string_view reply, std::span<const BriefedFile> known,
                                       ReplyEnd end) {
  std::vector<BriefedFile> files;
  for (const FencedBlock& block : whole_blocks(reply, end)) {
    if (auto path = path_of(block, known)) keep_last(files, {std::move(*path), block.text});
  }
  return files;
}

std::optional<BriefedFile> guess_file(std::string_view reply,
                                      std::span<const BriefedFile> candidates, ReplyEnd end) {
  const std::vector<FencedBlock> blocks = whole_blocks(reply, end);
  std::optional<BriefedFile> best;
  double most = kLeastLikeness;
  for (const FencedBlock& block : blocks) {
    for (const BriefedFile& candidate : candidates) {
      const double like = likeness(block.text, candidate.text);
      if (like < most || is_test_file(candidate.path)) continue;
      most = like;
      best = {candidate.path, block.text};
    }
  }
  if (best || blocks.size() != 1) return best;
  const auto target = std::ranges::find_if_not(
      candidates, [](const BriefedFile& candidate) { return is_test_file(candidate.path); });
  if (target == candidates.end()) return std::nullopt;
  return BriefedFile{target->path, blocks[0].text};
}

std::string extract_answer(std::string_view reply) {
  if (const auto label = last_label(reply)) {
    const std::string_view rest = trimmed(reply.substr(label->end), " \t\r\n*_");
    if (!rest.empty()) return without_markup(short_first_line(rest));
    // Small models say the answer in a sentence and end with an empty label.
    reply = reply.substr(0, label->begin);
  }
  if (const auto content = boxed(reply)) return std::string(trimmed(*content));
  if (const auto sentence = answer_sentence(reply)) return without_markup(*sentence);
  return without_markup(reply);
}

std::optional<std::string> answer_before_cut(std::string_view reply) {
  if (const auto label = last_label(reply)) {
    const std::string_view rest = trimmed(reply.substr(label->end), " \t*_");
    const std::size_t begin = rest.find_first_not_of("\r\n");
    const std::size_t end = begin == std::string_view::npos ? begin : rest.find('\n', begin);
    if (end != std::string_view::npos) return without_markup(rest.substr(begin, end - begin));
  }
  if (const auto content = boxed(reply)) return std::string(trimmed(*content));
  return std::nullopt;
}

std::string plain_answer(std::string_view reply) {
  const std::string_view text = trimmed(reply);
  const auto last = last_label(text);
  if (!last) return without_markup(text);
  const std::string_view before = text.substr(0, last->end);
  const std::string_view rest = text.substr(last->end);
  if (trimmed(rest, " *_").empty()) return without_markup(text.substr(0, last->begin));
  const bool begins = !before.contains('\n');
  const bool only_one = !last_label(before.substr(0, before.size() - 1));
  if (begins || (only_one && !rest.contains('\n'))) return without_markup(rest);
  return std::string(text);
}

std::string prose_of(std::string_view reply) {
  std::string prose;
  Fence open;
  for (const std::string_view line : lines_of(reply)) {
    const Fence fence = fence_of(line);
    if (open.length > 0) {
      if (fence.mark == open.mark && fence.length >= open.length && fence.info.empty()) open = {};
    } else if (fence.length > 0) {
      open = fence;
    } else {
      prose.append(line).append("\n");
    }
  }
  return std::string(trimmed(prose));
}

}  // namespace pareto
