#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pareto {

// How many insertions, deletions, substitutions and swaps of neighbouring bytes turn one into the
// other, upper and lower case being the same (Damerau-Levenshtein with optimal string alignment).
// Time is |a| * |b|: for names, not for texts.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The name that a mistyped one was probably meant to be, for "did you mean ...?": at most a third
// of the longer one's bytes differ, or one is the beginning of the other (three bytes or more). The
// first of equals. Nothing when no name is near, or `mistyped` is longer than 100 bytes.
std::optional<std::string> nearest_name(std::string_view mistyped,
                                        std::span<const std::string> names);

}  // namespace pareto
