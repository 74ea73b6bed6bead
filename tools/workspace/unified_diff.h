#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pareto {

// A stretch that differs: lines [before, before_end) became lines [after, after_end), from 0.
struct DiffRange {
  std::size_t before = 0;
  std::size_t before_end = 0;
  std::size_t after = 0;
  std::size_t after_end = 0;

  friend bool operator==(const DiffRange&, const DiffRange&) = default;
};

// What differs between two lists of line numbers that are equal where the lines are (Myers, "An
// O(ND) Difference Algorithm and Its Variations", 1986). The fewest changes, except where more than
// `max_changes` are needed: then everything between the first and the last of them is one range.
std::vector<DiffRange> diff_lines(const std::vector<std::uint32_t>& before,
                                  const std::vector<std::uint32_t>& after,
                                  std::size_t max_changes = 2'000);

// The hunks of a unified diff with three lines of context, as `diff -u` and `git diff` write them;
// empty when the texts are equal.
std::string unified_hunks(std::string_view before, std::string_view after);

}  // namespace pareto
