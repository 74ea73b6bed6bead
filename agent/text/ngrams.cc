#include "agent/text/ngrams.h"

#include <algorithm>

#include "agent/text/hashing.h"

namespace pareto {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// Length of the character that begins with this byte, 0 when none does.
std::size_t length_of(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

bool well_formed(char32_t character, std::size_t length) {
  if (length == 3) return character >= 0x800 && (character < 0xD800 || character > 0xDFFF);
  if (length == 4) return character >= 0x10000 && character <= 0x10FFFF;
  return true;
}

// Takes one character off the front; one byte as U+FFFD when they make none.
char32_t take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = length_of(first);
  char32_t character = length == 1 ? first : first & (0xFFU >> (length + 1));
  bool good = length != 0 && length <= text.size();
  for (std::size_t i = 1; good && i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    good = (next & 0xC0U) == 0x80U;
    character = (character << 6) | (next & 0x3FU);
  }
  good = good && well_formed(character, length);
  text.remove_prefix(good ? length : 1);
  return good ? character : kReplacement;
}

char32_t lower(char32_t c) {
  const auto within = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
  if (within('A', 'Z')) return c + 32;
  if (c < 0x80) return c;
  if (within(0xC0, 0xDE) && c != 0xD7) return c + 32;     // Latin-1
  if (within(0x391, 0x3A9) && c != 0x3A2) return c + 32;  // Greek
  if (within(0x410, 0x42F)) return c + 32;                // Cyrillic
  if (within(0x400, 0x40F)) return c + 80;
  return c;
}

bool is_space(char32_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xA0 || c == 0x3000 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029;
}

std::uint64_t hash_of(const char32_t* characters, std::size_t count) {
  std::uint64_t hash = count;
  for (std::size_t i = 0; i < count; ++i) hash = mix64(hash * 0x9e3779b97f4a7c15U + characters[i]);
  return hash;
}

}  // namespace

std::u32string normalised_characters(std::string_view text) {
  std::u32string characters = U" ";
  while (!text.empty() && characters.size() <= kNgramCharacters) {
    const char32_t c = take_character(text);
    if (!is_space(c)) {
      characters.push_back(lower(c));
    } else if (characters.back() != U' ') {
      characters.push_back(U' ');
    }
  }
  if (characters.back() != U' ') characters.push_back(U' ');
  return characters;
}

std::vector<std::uint64_t> ngram_hashes(std::string_view text) {
  const std::u32string characters = normalised_characters(text);
  std::vector<std::uint64_t> hashes;
  hashes.reserve(characters.size() * 3);
  for (std::size_t begin = 0; begin + kShortestNgram <= characters.size(); ++begin) {
    const std::size_t longest = std::min(kLongestNgram, characters.size() - begin);
    for (std::size_t length = kShortestNgram; length <= longest; ++length) {
      hashes.push_back(hash_of(characters.data() + begin, length));
    }
  }
  return hashes;
}

}  // namespace pareto
