#include "policies/offline/sharpe_ratio.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

namespace pareto::offline {

std::optional<TopK> sharpe_ratio_at_k(std::span<const double> estimates,
                                      std::span<const double> truths, double baseline,
                                      std::size_t k) {
  if (k < 1 || k > estimates.size() || estimates.size() != truths.size()) return std::nullopt;
  std::vector<std::size_t> order(estimates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {},
                    [&](std::size_t index) { return std::pair(-estimates[index], index); });
  order.resize(k);
  const auto count = static_cast<double>(k);
  TopK top{.best = truths[order[0]], .worst = truths[order[0]]};
  for (const std::size_t index : order) {
    top.best = std::max(top.best, truths[index]);
    top.worst = std::min(top.worst, truths[index]);
    top.mean += truths[index] / count;
  }
  // Equal values may leave a rounding error in the mean.
  if (top.best == top.worst) return top;
  double squares = 0;
  for (const std::size_t index : order) {
    squares += (truths[index] - top.mean) * (truths[index] - top.mean);
  }
  top.deviation = std::sqrt(squares / count);
  top.sharpe_ratio = (top.best - baseline) / top.deviation;
  return top;
}

}  // namespace pareto::offline
