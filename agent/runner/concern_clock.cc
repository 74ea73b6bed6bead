#include "agent/runner/concern_clock.h"

#include <string>

namespace pareto {

void ConcernClock::done(std::size_t which) {
  const auto now = std::chrono::steady_clock::now();
  if (which >= totals_.size()) totals_.resize(which + 1);
  totals_[which].reviews += 1;
  totals_[which].span += now - last_;
  last_ = now;
}

std::vector<ConcernTime> ConcernClock::times(std::span<const Concern> concerns) const {
  std::vector<ConcernTime> times;
  for (std::size_t i = 0; i < totals_.size(); ++i) {
    const std::string name(i == 0 ? "budget_guard" : concerns[i - 1].name);
    times.push_back({name, totals_[i].reviews, totals_[i].span.count()});
  }
  return times;
}

}  // namespace pareto
