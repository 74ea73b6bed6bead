#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pareto {

inline constexpr std::size_t kShortestNgram = 3;
inline constexpr std::size_t kLongestNgram = 5;
// Characters of a text that are looked at; what comes later is ignored.
inline constexpr std::size_t kNgramCharacters = 16'384;

// A text as n-grams see it: lower case (ASCII, Latin-1, Greek, Cyrillic), every run of white space
// one space, one space before and after. An invalid UTF-8 byte is one U+FFFD.
std::u32string normalised_characters(std::string_view text);

// The hashes of all character 3-, 4- and 5-grams of the normalised text, in the order of the text,
// repeated ones as often as they occur. Empty for a text of white space only.
std::vector<std::uint64_t> ngram_hashes(std::string_view text);

}  // namespace pareto
