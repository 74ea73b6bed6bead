#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "agent/core/concern.h"
#include "agent/core/event.h"

namespace pareto {

// Adds up how long the budget guard and each concern of one run take, by the monotonic clock.
class ConcernClock final : public ConcernWatch {
 public:
  void begin() override { last_ = std::chrono::steady_clock::now(); }
  void done(std::size_t which) override;

  // "budget_guard" first, then the concerns; empty when nothing was timed.
  std::vector<ConcernTime> times(std::span<const Concern> concerns) const;

 private:
  struct Total {
    std::int64_t reviews = 0;
    std::chrono::nanoseconds span{0};
  };
  std::chrono::steady_clock::time_point last_;
  std::vector<Total> totals_;
};

}  // namespace pareto
