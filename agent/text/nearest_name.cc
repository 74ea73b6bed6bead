#include "agent/text/nearest_name.h"

#include <algorithm>
#include <vector>

namespace pareto {
namespace {

constexpr std::size_t kLongestName = 100;
constexpr std::size_t kShortestPrefix = 3;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_prefix(std::string_view shorter, std::string_view longer) {
  return shorter.size() >= kShortestPrefix && shorter.size() <= longer.size() &&
         std::equal(shorter.begin(), shorter.end(), longer.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

bool is_near(std::string_view a, std::string_view b, std::size_t distance) {
  return distance * 3 <= std::max(a.size(), b.size()) || is_prefix(a, b) || is_prefix(b, a);
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> before_last(width);
  std::vector<std::size_t> last(width);
  std::vector<std::size_t> row(width);
  for (std::size_t j = 0; j < width; ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j < width; ++j) {
      const std::size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::optional<std::string> nearest_name(std::string_view mistyped,
                                        std::span<const std::string> names) {
  if (mistyped.empty() || mistyped.size() > kLongestName) return std::nullopt;
  std::optional<std::string> nearest;
  std::size_t least = 0;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > kLongestName) continue;
    const std::size_t distance = edit_distance(mistyped, name);
    if (!is_near(mistyped, name, distance)) continue;
    if (!nearest || distance < least) {
      nearest = name;
      least = distance;
    }
  }
  return nearest;
}

}  // namespace pareto
