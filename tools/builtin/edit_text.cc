#include "tools/builtin/edit_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tools/builtin/lines.h"
#include "tools/output.h"

namespace pareto {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMaxComparisons = 10'000'000;
constexpr std::size_t kPlacesShown = 10;
constexpr std::size_t kNearestBytes = 3'000;

// memmem is linear in the worst case, unlike string_view::find.
std::size_t find_from(std::string_view text, std::string_view part, std::size_t from) {
  const void* found = ::memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::size_t line_at(std::string_view text, std::size_t offset) {
  return static_cast<std::size_t>(std::ranges::count(text.substr(0, offset), '\n')) + 1;
}

std::unexpected<Error> ambiguous(const std::vector<std::size_t>& places, std::string_view rule) {
  return fail(ErrorCode::invalid,
              fmt::format("old occurs {}{} times{}: at lines {}. Add lines around it to old until "
                          "it occurs once.",
                          places.size(), places.size() == kPlacesShown ? " or more" : "",
                          rule.empty() ? "" : fmt::format(" ({})", rule), fmt::join(places, ", ")));
}

TextEdit spliced(std::string_view content, std::size_t start, std::size_t end,
                 std::string_view fresh, std::string_view rule) {
  TextEdit edit;
  edit.text.reserve(content.size() + fresh.size());
  edit.text.append(content.substr(0, start)).append(fresh).append(content.substr(end));
  edit.first_line = line_at(content, start);
  const auto breaks = static_cast<std::size_t>(std::ranges::count(fresh, '\n'));
  edit.last_line = edit.first_line + breaks;
  if (fresh.empty() || fresh.back() == '\n') --edit.last_line;
  edit.rule = rule;
  return edit;
}

// Nothing when `old` does not occur.
std::optional<Result<TextEdit>> replace_exact(std::string_view content, std::string_view old,
                                              std::string_view fresh, std::string_view rule) {
  std::vector<std::size_t> lines;
  std::size_t first = std::string_view::npos;
  for (std::size_t at = find_from(content, old, 0);
       at != std::string_view::npos && lines.size() < kPlacesShown;
       at = find_from(content, old, at + old.size())) {
    if (lines.empty()) first = at;
    lines.push_back(line_at(content, at));
  }
  if (lines.empty()) return std::nullopt;
  if (lines.size() > 1) return ambiguous(lines, rule);
  return spliced(content, first, first + old.size(), fresh, rule);
}

std::string with_endings(std::string_view text, std::string_view ending) {
  std::string out;
  for (const Line& line : lines_of(text)) {
    out += line.in(text);
    if (line.next > line.end) out += ending;
  }
  return out;
}

// The file's way to end a line.
std::string_view ending_of(std::string_view content) {
  const std::size_t newline = content.find('\n');
  return newline != std::string_view::npos && newline > 0 && content[newline - 1] == '\r' ? "\r\n"
                                                                                          : "\n";
}

// By how much a block is indented more (`added`) or less (`removed`) than another.
struct Shift {
  std::string added;
  std::string removed;
  bool known = false;

  // Whether `line` is `wanted` shifted by this; the first line that says something decides.
  bool fits(std::string_view line, std::string_view wanted) {
    line = strip_end(line);
    wanted = strip_end(wanted);
    if (line.empty() || wanted.empty()) return line.empty() && wanted.empty();
    const std::string_view here = indent_of(line);
    const std::string_view there = indent_of(wanted);
    if (line.substr(here.size()) != wanted.substr(there.size())) return false;
    if (!known) {
      known = true;
      if (here.size() >= there.size() && here.ends_with(there)) {
        added = here.substr(0, here.size() - there.size());
      } else if (there.ends_with(here)) {
        removed = there.substr(0, there.size() - here.size());
      } else {
        added = here;
        removed = there;
      }
    }
    return there.starts_with(removed) && here == added + std::string(there.substr(removed.size()));
  }

  std::string apply(std::string_view line) const {
    if (strip_end(line).empty()) return std::string(line);
    if (line.starts_with(removed)) line.remove_prefix(removed.size());
    return added + std::string(line);
  }
};

enum class Blanks { ignore_trailing, shift_indent };

class LineMatcher {
 public:
  LineMatcher(std::string_view content, std::string_view old, std::string_view fresh)
      : content_(content),
        old_(old),
        fresh_(fresh),
        lines_(lines_of(content)),
        old_lines_(lines_of(old)) {}

  std::optional<Result<TextEdit>> replace(Blanks blanks, std::string_view rule) {
    const bool says_something = std::ranges::any_of(
        old_lines_, [&](const Line& line) { return !strip_end(line.in(old_)).empty(); });
    if (!says_something || old_lines_.size() > lines_.size()) return std::nullopt;
    std::vector<std::size_t> places;
    Shift shift;
    for (std::size_t at = 0; at + old_lines_.size() <= lines_.size(); ++at) {
      Shift candidate;
      if (!matches(at, blanks, candidate)) continue;
      if (places.empty()) shift = candidate;
      places.push_back(at + 1);
      if (places.size() == kPlacesShown) break;
    }
    if (places.empty() || steps_ > kMaxComparisons) return std::nullopt;
    if (places.size() > 1) return ambiguous(places, rule);
    return rebuilt(places[0] - 1, shift, rule);
  }

 private:
  bool matches(std::size_t at, Blanks blanks, Shift& shift) {
    for (std::size_t i = 0; i < old_lines_.size(); ++i) {
      const std::string_view here = lines_[at + i].in(content_);
      const std::string_view wanted = old_lines_[i].in(old_);
      steps_ += 1 + std::min(here.size(), wanted.size()) / 16;
      if (steps_ > kMaxComparisons) return false;
      const bool same = blanks == Blanks::ignore_trailing ? strip_end(here) == strip_end(wanted)
                                                          : shift.fits(here, wanted);
      if (!same) return false;
    }
    return true;
  }

  TextEdit rebuilt(std::size_t at, const Shift& shift, std::string_view rule) const {
    const Line& first = lines_[at];
    const Line& last = lines_[at + old_lines_.size() - 1];
    const std::string_view ending = ending_of(content_);
    std::string fresh;
    const std::vector<Line> fresh_lines = lines_of(fresh_);
    for (std::size_t i = 0; i < fresh_lines.size(); ++i) {
      fresh += shift.apply(fresh_lines[i].in(fresh_));
      // The ending of the last line is the file's own: none at the end of a file without one.
      const bool is_last = i + 1 == fresh_lines.size();
      fresh += is_last ? last.ending(content_) : ending;
    }
    const bool keeps_line = fresh_lines.empty() && old_lines_.back().next == old_lines_.back().end;
    if (keeps_line) fresh += last.ending(content_);
    return spliced(content_, first.start, last.next, fresh, rule);
  }

  std::string_view content_;
  std::string_view old_;
  std::string_view fresh_;
  std::vector<Line> lines_;
  std::vector<Line> old_lines_;
  std::size_t steps_ = 0;
};

std::optional<Result<TextEdit>> replace_by_ladder(std::string_view content, std::string_view old,
                                                  std::string_view fresh, std::string_view before) {
  const auto rule = [before](std::string_view name) {
    return before.empty() ? std::string(name) : fmt::format("{}, {}", before, name);
  };
  if (auto done = replace_exact(content, old, fresh, before)) return done;
  const std::string_view ending = ending_of(content);
  if (old.contains('\n')) {
    auto done = replace_exact(content, with_endings(old, ending), with_endings(fresh, ending),
                              rule("line endings differed"));
    if (done) return done;
  }
  LineMatcher matcher(content, old, fresh);
  if (auto done = matcher.replace(Blanks::ignore_trailing, rule("blanks at line ends differed"))) {
    return done;
  }
  return matcher.replace(Blanks::shift_indent, rule("the indentation differed"));
}

// `text` without the "12\t" that a listing puts before each line; nothing if a line has none.
std::optional<std::string> without_numbers(std::string_view text) {
  std::string out;
  for (const Line& line : lines_of(text)) {
    const std::string_view row = line.in(text);
    const std::size_t digits = row.find_first_not_of(" ");
    const std::size_t tab = row.find('\t');
    if (tab == std::string_view::npos || digits >= tab) return std::nullopt;
    const std::string_view number = row.substr(digits, tab - digits);
    if (number.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    out += row.substr(tab + 1);
    out += line.ending(text);
  }
  return out;
}

// A text whose escapes were escaped again, as models do; nothing if it has real line breaks.
std::optional<std::string> unescaped(std::string_view text) {
  if (text.contains('\n') || !text.contains("\\n")) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : ' ';
    const std::size_t which = std::string_view("nt\"\\").find(next);
    if (text[i] != '\\' || which == std::string_view::npos) {
      out += text[i];
    } else {
      out += "\n\t\"\\"[which];
      ++i;
    }
  }
  return out;
}

std::string_view stripped(std::string_view line) {
  line = strip_end(line);
  return line.substr(indent_of(line).size());
}

// How alike two lines are: shared pairs of bytes, 0..1 (Dice).
double likeness(std::string_view a, std::string_view b) {
  if (a.size() < 2 || b.size() < 2) return a == b ? 1 : 0;
  std::vector<std::uint16_t> pairs[2];
  for (int side = 0; side < 2; ++side) {
    const std::string_view text = (side == 0 ? a : b).substr(0, 300);
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      pairs[side].push_back(static_cast<std::uint16_t>(static_cast<unsigned char>(text[i]) << 8 |
                                                       static_cast<unsigned char>(text[i + 1])));
    }
    std::ranges::sort(pairs[side]);
  }
  std::vector<std::uint16_t> shared;
  std::ranges::set_intersection(pairs[0], pairs[1], std::back_inserter(shared));
  return 2.0 * static_cast<double>(shared.size()) /
         static_cast<double>(pairs[0].size() + pairs[1].size());
}

// Lets every line that both have vote for where the block would start; without one, the longest
// line of `old` goes to the line most like it. Returns a line index or nothing.
std::optional<std::size_t> nearest_start(std::string_view content, const std::vector<Line>& lines,
                                         std::string_view old) {
  constexpr std::size_t kLinesRead = 5'000;
  constexpr double kAlike = 0.4;
  const std::vector<Line> old_lines = lines_of(old.substr(0, 20'000));
  std::unordered_map<std::string_view, std::size_t> wanted;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < old_lines.size(); ++i) {
    const std::string_view line = stripped(old_lines[i].in(old));
    if (line.size() >= 3) wanted.try_emplace(line, i);
    if (line.size() > stripped(old_lines[longest].in(old)).size()) longest = i;
  }
  if (old_lines.empty()) return std::nullopt;
  std::map<std::size_t, std::size_t> votes;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto found = wanted.find(stripped(lines[i].in(content)));
    if (found != wanted.end()) ++votes[i - std::min(i, found->second)];
  }
  if (!votes.empty()) {
    return std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; })->first;
  }
  std::optional<std::size_t> alike;
  double best = kAlike;
  const std::string_view sample = stripped(old_lines[longest].in(old));
  for (std::size_t i = 0; i < std::min(lines.size(), kLinesRead); ++i) {
    const double like = likeness(stripped(lines[i].in(content)), sample);
    if (like <= best) continue;
    best = like;
    alike = i - std::min(i, longest);
  }
  return alike;
}

std::string not_found_text(std::string_view content, std::string_view old) {
  const std::vector<Line> lines = lines_of(content);
  const std::string advice = "Copy old from the file exactly, without line numbers.";
  const auto start = nearest_start(content, lines, old);
  if (!start) {
    return fmt::format("old does not occur in the file ({} lines), nor anything like it. {}",
                       lines.size(), advice);
  }
  const std::size_t length = std::min<std::size_t>(lines_of(old).size(), 40);
  const std::size_t first = *start + 1 - std::min<std::size_t>(*start, 2);
  return fmt::format("old does not occur in the file. The nearest lines are:\n{}{}",
                     numbered(content, lines, first, *start + length + 2, kNearestBytes), advice);
}

}  // namespace

Result<TextEdit> replace_once(std::string_view content, std::string_view old,
                              std::string_view fresh) {
  if (old.empty()) return fail(ErrorCode::invalid, "old is empty; give the text to replace");
  if (old == fresh) return fail(ErrorCode::invalid, "old and new are the same; nothing to do");
  const bool marked = content.starts_with(kByteOrderMark) && !old.starts_with(kByteOrderMark);
  const std::string_view body = marked ? content.substr(kByteOrderMark.size()) : content;
  auto done = replace_by_ladder(body, old, fresh, "");
  if (!done) {
    if (const auto bare = without_numbers(old); bare && !bare->empty()) {
      done = replace_by_ladder(body, *bare, without_numbers(fresh).value_or(std::string(fresh)),
                               "line numbers were removed");
    }
  }
  if (!done) {
    if (const auto plain = unescaped(old)) {
      done = replace_by_ladder(body, *plain, unescaped(fresh).value_or(std::string(fresh)),
                               "line breaks were escaped twice");
    }
  }
  if (!done) return fail(ErrorCode::not_found, not_found_text(body, old));
  if (done->has_value() && marked) (*done)->text.insert(0, kByteOrderMark);
  return std::move(*done);
}

}  // namespace pareto
