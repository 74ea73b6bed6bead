#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "agent/core/random.h"

namespace pareto {

// The kernel's random device, read in blocks. One thread at a time.
class SystemRandom final : public Random {
 public:
  std::uint64_t next() override;

 private:
  std::array<std::uint64_t, 32> block_{};
  std::size_t left_ = 0;
};

}  // namespace pareto
