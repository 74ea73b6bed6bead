#include "agent/text/tokens.h"

namespace pareto {

std::int64_t estimated_tokens(std::string_view text) {
  std::int64_t letters = 0;
  std::int64_t symbols = 0;  // digits, punctuation, line ends: what tokenizers split most
  std::int64_t spaces = 0;
  std::int64_t wide = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) {
      if ((byte & 0xC0) != 0x80) ++wide;  // first byte of a character
    } else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') {
      ++letters;
    } else if (byte == ' ' || byte == '\t') {
      ++spaces;
    } else {
      ++symbols;
    }
  }
  // Five letters make a word, a space goes with the word after it, two symbols often join.
  const std::int64_t twentieths = letters * 4 + spaces + symbols * 12 + wide * 20;
  return (twentieths + 19) / 20;
}

}  // namespace pareto
