#include "agent/text/hashing.h"

namespace pareto {

std::string to_hex(std::uint64_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = text.size(); i-- > 0; value >>= 4) text[i] = kDigits[value & 15U];
  return text;
}

}  // namespace pareto
