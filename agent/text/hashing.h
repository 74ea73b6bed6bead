#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pareto {

// Spreads 64 bits so that every input bit reaches every output bit (the finaliser of SplitMix64).
constexpr std::uint64_t mix64(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

// A 64-bit hash that is the same on every machine and in every version, so that it may be stored:
// FNV-1a, spread by `mix64`. Not for adversaries.
constexpr std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0) {
  std::uint64_t hash = 0xcbf29ce484222325U ^ mix64(seed);
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return mix64(hash);
}

// 16 hexadecimal digits.
std::string to_hex(std::uint64_t value);

}  // namespace pareto
