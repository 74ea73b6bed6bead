#include "policies/offline/attempts.h"

#include <algorithm>
#include <cmath>

namespace pareto::offline {
namespace {

// C(part, k) / C(n, k) as a product, which neither overflows nor loses digits.
std::optional<double> share_of_choices(std::int64_t n, std::int64_t part, std::int64_t k) {
  if (k < 1 || k > n || part < 0 || part > n) return std::nullopt;
  double product = 1;
  for (std::int64_t i = 0; i < k && product > 0; ++i) {
    product *=
        static_cast<double>(std::max<std::int64_t>(0, part - i)) / static_cast<double>(n - i);
  }
  return product;
}

}  // namespace

std::optional<double> pass_at_k(std::int64_t n, std::int64_t c, std::int64_t k) {
  const auto all_fail = share_of_choices(n, n - c, k);
  if (!all_fail) return std::nullopt;
  return 1 - *all_fail;
}

std::optional<double> pass_hat_k(std::int64_t n, std::int64_t c, std::int64_t k) {
  return share_of_choices(n, c, k);
}

std::optional<AttemptScore> attempt_score(std::span<const Cell> cells, std::int64_t k) {
  AttemptScore score{.k = k};
  for (const Cell& cell : cells) {
    if (cell.counted == 0) continue;
    const std::int64_t passes = std::llround(cell.successes);
    const auto at_k = pass_at_k(cell.counted, passes, k);
    if (!at_k || cell.graded > 0) {
      ++score.dropped;
      continue;
    }
    ++score.tasks;
    score.at_k += *at_k;
    score.hat_k += *pass_hat_k(cell.counted, passes, k);
  }
  if (score.tasks == 0) return std::nullopt;
  score.at_k /= score.tasks;
  score.hat_k /= score.tasks;
  return score;
}

}  // namespace pareto::offline
