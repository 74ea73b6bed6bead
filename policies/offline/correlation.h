#pragma once

#include <cmath>
#include <optional>
#include <span>

namespace pareto::offline {

// Pearson's r of two lists of the same length; nothing when one of them does not vary.
inline std::optional<double> correlation(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || a.size() != b.size()) return std::nullopt;
  const auto count = static_cast<double>(a.size());
  double mean_a = 0;
  double mean_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / count;
    mean_b += b[i] / count;
  }
  double product = 0;
  double squares_a = 0;
  double squares_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    product += (a[i] - mean_a) * (b[i] - mean_b);
    squares_a += (a[i] - mean_a) * (a[i] - mean_a);
    squares_b += (b[i] - mean_b) * (b[i] - mean_b);
  }
  // Equal values leave rounding errors of the mean, far below any true variance.
  const double tiny = 1e-24 * count;
  if (squares_a <= tiny || squares_b <= tiny) return std::nullopt;
  return product / std::sqrt(squares_a * squares_b);
}

}  // namespace pareto::offline
