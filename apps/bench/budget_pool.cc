#include "apps/bench/budget_pool.h"

#include <algorithm>

namespace pareto {

Money BudgetPool::left() const {
  if (!total_) return Money::max();
  Money left = *total_ - spent_;
  for (const auto& [run, most] : reserved_) left -= most;
  return std::max(left, Money());
}

bool BudgetPool::reserve(const RunId& run, Money most) {
  if (most > left()) return false;
  reserved_[run] = most;
  return true;
}

void BudgetPool::settle(const RunId& run, Money cost) {
  reserved_.erase(run);
  spent_ += cost;
}

}  // namespace pareto
