#pragma once

#include <cstdint>

namespace pareto {

class Random {
 public:
  virtual ~Random() = default;
  // 64 uniform bits.
  virtual std::uint64_t next() = 0;
};

// SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"): the same
// seed gives the same stream on every machine.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

// Uniform in [0, 1) with 53 random bits.
inline double uniform(Random& random) {
  return static_cast<double>(random.next() >> 11) * 0x1.0p-53;
}

}  // namespace pareto
