#include "tools/builtin/lines.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "tools/output.h"

namespace pareto {
namespace {

constexpr std::size_t kMaxLine = 1'000;

const RE2& definition_pattern() {
  static const RE2 pattern(
      R"(^\s{0,8}(?:(?:export|public|private|protected|static|async|default|abstract|)"
      R"(final|pub|inline|constexpr|virtual|template)\s+)*)"
      R"((?:def|class|struct|enum|union|interface|trait|impl|fn|func|function|module|)"
      R"(namespace|package|type|macro_rules!|sub|record)\b)"
      R"(|^[A-Za-z_][\w:<>,*&\s]*\([^;]*$|^#{1,4} |^\[[^\]]+\]\s*$)");
  return pattern;
}

}  // namespace

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t newline = text.find('\n', start);
    Line line{start, text.size(), text.size()};
    if (newline != std::string_view::npos) {
      line.next = newline + 1;
      line.end = newline > start && text[newline - 1] == '\r' ? newline - 1 : newline;
    }
    lines.push_back(line);
    start = line.next;
  }
  return lines;
}

std::string numbered(std::string_view text, const std::vector<Line>& lines, std::size_t first,
                     std::size_t last, std::size_t bytes, std::size_t* shown) {
  std::string out;
  std::size_t number = std::max<std::size_t>(first, 1);
  for (; number <= std::min(last, lines.size()); ++number) {
    const std::string_view line = lines[number - 1].in(text);
    const std::string_view part = utf8_prefix(line, kMaxLine);
    const std::string row =
        fmt::format("{}\t{}{}\n", number, part, part.size() < line.size() ? " [line cut]" : "");
    if (out.size() + row.size() > bytes) break;
    out += row;
  }
  if (shown != nullptr) *shown = number - 1;
  return out;
}

std::string outline(std::string_view text, const std::vector<Line>& lines, std::size_t bytes) {
  std::string out;
  for (std::size_t i = 0; i < lines.size() && out.size() < bytes; ++i) {
    const std::string_view line = lines[i].in(text);
    const std::string_view part = utf8_prefix(strip_end(line), 150);
    if (!RE2::PartialMatch(part, definition_pattern())) continue;
    const std::string row = fmt::format("{}\t{}\n", i + 1, part);
    if (out.size() + row.size() > bytes) return out + "[more definitions follow]\n";
    out += row;
  }
  return out;
}

std::string_view strip_end(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) {
    line.remove_suffix(1);
  }
  return line;
}

std::string_view indent_of(std::string_view line) {
  const std::size_t end = line.find_first_not_of(" \t");
  return line.substr(0, end == std::string_view::npos ? line.size() : end);
}

}  // namespace pareto
