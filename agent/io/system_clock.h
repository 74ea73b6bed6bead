#pragma once

#include "agent/core/time.h"

namespace pareto {

// The machine's wall clock. Any thread.
class SystemClock final : public Clock {
 public:
  Instant now() const override {
    return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
  }
};

}  // namespace pareto
