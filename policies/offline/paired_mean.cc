#include "policies/offline/paired_mean.h"

#include <algorithm>
#include <cmath>

#include "policies/offline/distributions.h"

namespace pareto::offline {

PairedMean paired_mean(std::span<const double> values, std::span<const std::size_t> cluster_of) {
  PairedMean result;
  if (values.empty()) return result;
  const auto count = static_cast<double>(values.size());
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += values[i];
    result.clusters = std::max(result.clusters, cluster_of[i] + 1);
    result.unanimous = result.unanimous && values[i] == values[0];
  }
  result.mean = result.unanimous ? values[0] : sum / count;
  if (result.unanimous || result.clusters < 2) return result;
  std::vector<double> residuals(result.clusters);
  for (std::size_t i = 0; i < values.size(); ++i) {
    residuals[cluster_of[i]] += values[i] - result.mean;
  }
  double squares = 0;
  for (const double residual : residuals) squares += residual * residual;
  const auto clusters = static_cast<double>(result.clusters);
  result.standard_error = std::sqrt(squares * clusters / (clusters - 1)) / count;
  return result;
}

std::optional<Interval> difference_interval(const PairedMean& mean, double confidence) {
  if (mean.clusters == 0) return std::nullopt;
  if (mean.unanimous) {
    const double others =
        1 - std::pow((1 - confidence) / 2, 1 / static_cast<double>(mean.clusters));
    return Interval{mean.mean - others * (mean.mean + 1), mean.mean + others * (1 - mean.mean)};
  }
  if (mean.clusters < 2) return std::nullopt;
  const double half =
      student_t_quantile(0.5 + confidence / 2, mean.degrees()) * mean.standard_error;
  return Interval{std::max(-1.0, mean.mean - half), std::min(1.0, mean.mean + half)};
}

double difference_p(const PairedMean& mean) {
  if (mean.unanimous) {
    // As a sign test: each of n could have gone the other way.
    return mean.mean == 0 ? 1 : std::min(1.0, 2 * std::pow(0.5, mean.clusters));
  }
  if (mean.clusters < 2 || mean.standard_error == 0) return 1;
  return two_sided_p(mean.mean / mean.standard_error, mean.degrees());
}

double non_inferiority_p(const PairedMean& mean, double margin) {
  if (mean.clusters == 0 || mean.mean <= -margin) return 1;
  if (mean.unanimous) {
    // The smallest share of tasks at -1 that would make the mean -margin, and none was seen.
    const double share = (mean.mean + margin) / (mean.mean + 1);
    return std::pow(std::max(0.0, 1 - share), mean.clusters);
  }
  if (mean.clusters < 2 || mean.standard_error == 0) return 1;
  return student_t_cdf(-(mean.mean + margin) / mean.standard_error, mean.degrees());
}

}  // namespace pareto::offline
