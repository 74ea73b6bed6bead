#include "policies/offline/proportion.h"

#include <algorithm>
#include <cmath>

#include "policies/offline/distributions.h"

namespace pareto::offline {

Interval wilson_interval(double successes, double trials, double confidence) {
  if (trials <= 0) return {0, 1};
  const double z = normal_quantile(0.5 + confidence / 2);
  const double share = std::clamp(successes / trials, 0.0, 1.0);
  const double shrink = 1 + z * z / trials;
  const double centre = (share + z * z / (2 * trials)) / shrink;
  const double half =
      z * std::sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / shrink;
  // The ends are exact where the formula leaves a rounding error of the square root.
  return {share == 0 ? 0 : std::max(0.0, centre - half),
          share == 1 ? 1 : std::min(1.0, centre + half)};
}

Interval clopper_pearson_interval(std::int64_t successes, std::int64_t trials, double confidence) {
  if (trials <= 0) return {0, 1};
  const double tail = (1 - confidence) / 2;
  const auto passed = static_cast<double>(successes);
  const auto failed = static_cast<double>(trials - successes);
  return {successes <= 0 ? 0 : beta_quantile(tail, passed, failed + 1),
          successes >= trials ? 1 : beta_quantile(1 - tail, passed + 1, failed)};
}

double mcnemar_exact(std::int64_t only_first, std::int64_t only_second) {
  const std::int64_t discordant = only_first + only_second;
  if (discordant <= 0) return 1;
  return std::min(1.0, 2 * binomial_cdf(std::min(only_first, only_second), discordant, 0.5));
}

}  // namespace pareto::offline
