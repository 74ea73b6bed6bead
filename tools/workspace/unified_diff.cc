#include "tools/workspace/unified_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace pareto {
namespace {

constexpr std::size_t kContext = 3;

using Numbers = std::vector<std::uint32_t>;

// Myers' greedy search over the middle that is left without the common start and end.
class Search {
 public:
  Search(const Numbers& before, const Numbers& after, DiffRange middle)
      : before_(before), after_(after), middle_(middle) {}

  // Which lines of each side are kept; false when more than `max_changes` changes are needed.
  bool run(std::size_t max_changes, std::vector<char>& kept_before, std::vector<char>& kept_after) {
    const auto n = static_cast<std::int64_t>(middle_.before_end - middle_.before);
    const auto m = static_cast<std::int64_t>(middle_.after_end - middle_.after);
    const auto most = std::min<std::int64_t>(n + m, static_cast<std::int64_t>(max_changes));
    for (std::int64_t d = 0; d <= most; ++d) {
      rows_.emplace_back(static_cast<std::size_t>(2 * d + 1));
      for (std::int64_t k = -d; k <= d; k += 2) {
        std::int64_t x = step(d, k);
        while (x < n && x - k < m && x - k >= 0 && same(x, x - k)) ++x;
        at(d, k) = x;
        if (x >= n && x - k >= m) {
          backtrack(d, k, kept_before, kept_after);
          return true;
        }
      }
    }
    return false;
  }

 private:
  bool same(std::int64_t x, std::int64_t y) const {
    return before_[middle_.before + static_cast<std::size_t>(x)] ==
           after_[middle_.after + static_cast<std::size_t>(y)];
  }
  std::int64_t& at(std::int64_t d, std::int64_t k) {
    return rows_[static_cast<std::size_t>(d)][static_cast<std::size_t>(k + d)];
  }
  bool comes_down(std::int64_t d, std::int64_t k) {
    return k == -d || (k != d && at(d - 1, k - 1) < at(d - 1, k + 1));
  }
  // Where diagonal k starts with its d-th change, before its equal lines.
  std::int64_t step(std::int64_t d, std::int64_t k) {
    if (d == 0) return 0;
    return comes_down(d, k) ? at(d - 1, k + 1) : at(d - 1, k - 1) + 1;
  }

  void backtrack(std::int64_t d, std::int64_t k, std::vector<char>& kept_before,
                 std::vector<char>& kept_after) {
    for (; d >= 0; --d) {
      const std::int64_t start = step(d, k);
      for (std::int64_t x = at(d, k); x > start; --x) {
        kept_before[middle_.before + static_cast<std::size_t>(x - 1)] = 1;
        kept_after[middle_.after + static_cast<std::size_t>(x - 1 - k)] = 1;
      }
      if (d > 0) k += comes_down(d, k) ? 1 : -1;
    }
  }

  const Numbers& before_;
  const Numbers& after_;
  const DiffRange middle_;
  std::vector<std::vector<std::int64_t>> rows_;
};

struct Texts {
  std::vector<std::string_view> before;
  std::vector<std::string_view> after;
};

// Lines with their newline, so that a missing one at the end is a difference.
std::vector<std::string_view> whole_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

void add_line(std::string& out, char sign, std::string_view line) {
  out += sign;
  out += line;
  if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

std::string range_of(std::size_t start, std::size_t count) {
  if (count == 1) return std::to_string(start + 1);
  // An empty range names the line before it.
  return fmt::format("{},{}", count == 0 ? start : start + 1, count);
}

// One hunk: changes that are less than two contexts apart.
std::string hunk(const Texts& texts, const DiffRange* first, const DiffRange* last) {
  const std::size_t lead = std::min({kContext, first->before, first->after});
  const std::size_t start_before = first->before - lead;
  const std::size_t start_after = first->after - lead;
  const std::size_t tail = std::min(
      {kContext, texts.before.size() - last->before_end, texts.after.size() - last->after_end});
  std::string body;
  std::size_t at = start_before;
  for (const DiffRange* change = first; change <= last; ++change) {
    for (; at < change->before; ++at) add_line(body, ' ', texts.before[at]);
    for (; at < change->before_end; ++at) add_line(body, '-', texts.before[at]);
    for (std::size_t i = change->after; i < change->after_end; ++i) {
      add_line(body, '+', texts.after[i]);
    }
  }
  for (; at < last->before_end + tail; ++at) add_line(body, ' ', texts.before[at]);
  return fmt::format("@@ -{} +{} @@\n{}",
                     range_of(start_before, last->before_end + tail - start_before),
                     range_of(start_after, last->after_end + tail - start_after), body);
}

}  // namespace

std::vector<DiffRange> diff_lines(const Numbers& before, const Numbers& after,
                                  std::size_t max_changes) {
  DiffRange middle{0, before.size(), 0, after.size()};
  while (middle.before < before.size() && middle.after < after.size() &&
         before[middle.before] == after[middle.after]) {
    ++middle.before;
    ++middle.after;
  }
  while (middle.before_end > middle.before && middle.after_end > middle.after &&
         before[middle.before_end - 1] == after[middle.after_end - 1]) {
    --middle.before_end;
    --middle.after_end;
  }
  if (middle.before == middle.before_end && middle.after == middle.after_end) return {};
  std::vector<char> kept_before(before.size(), 0);
  std::vector<char> kept_after(after.size(), 0);
  if (!Search(before, after, middle).run(max_changes, kept_before, kept_after)) return {middle};
  std::vector<DiffRange> ranges;
  std::size_t x = middle.before;
  std::size_t y = middle.after;
  while (x < middle.before_end || y < middle.after_end) {
    DiffRange range{x, x, y, y};
    while (range.before_end < middle.before_end && kept_before[range.before_end] == 0) {
      ++range.before_end;
    }
    while (range.after_end < middle.after_end && kept_after[range.after_end] == 0) {
      ++range.after_end;
    }
    x = range.before_end;
    y = range.after_end;
    if (range.before != x || range.after != y) ranges.push_back(range);
    while (x < middle.before_end && y < middle.after_end && kept_before[x] != 0 &&
           kept_after[y] != 0) {
      ++x;
      ++y;
    }
  }
  return ranges;
}

std::string unified_hunks(std::string_view before, std::string_view after) {
  if (before == after) return "";
  const Texts texts{whole_lines(before), whole_lines(after)};
  std::unordered_map<std::string_view, std::uint32_t> known;
  const auto numbers_of = [&known](const std::vector<std::string_view>& lines) {
    Numbers numbers;
    for (const std::string_view line : lines) {
      numbers.push_back(
          known.try_emplace(line, static_cast<std::uint32_t>(known.size())).first->second);
    }
    return numbers;
  };
  const Numbers numbers_before = numbers_of(texts.before);
  const std::vector<DiffRange> changes = diff_lines(numbers_before, numbers_of(texts.after));
  std::string out;
  for (std::size_t first = 0; first < changes.size();) {
    std::size_t last = first;
    while (last + 1 < changes.size() &&
           changes[last + 1].before - changes[last].before_end <= 2 * kContext) {
      ++last;
    }
    out += hunk(texts, &changes[first], &changes[last]);
    first = last + 1;
  }
  return out;
}

}  // namespace pareto
