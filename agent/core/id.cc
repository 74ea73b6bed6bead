#include "agent/core/id.h"

#include <algorithm>
#include <cstdint>

namespace pareto {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr int kLength = 26;
constexpr int kTimeLength = 10;

}  // namespace

std::string make_ulid(Instant now, Random& random) {
  std::string text(kLength, '0');
  auto time = static_cast<std::uint64_t>(to_ms(now));
  for (int i = kTimeLength - 1; i >= 0; --i, time >>= 5) {
    text[static_cast<std::size_t>(i)] = kAlphabet[time & 31U];
  }
  for (int half = 0; half < 2; ++half) {
    std::uint64_t bits = random.next();
    for (int i = 0; i < 8; ++i, bits >>= 5) {
      text[static_cast<std::size_t>(kTimeLength + half * 8 + i)] = kAlphabet[bits & 31U];
    }
  }
  return text;
}

bool is_ulid(std::string_view text) {
  return text.size() == kLength &&
         std::ranges::all_of(text, [](char c) { return kAlphabet.contains(c); });
}

}  // namespace pareto
