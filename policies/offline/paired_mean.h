#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "policies/offline/interval.h"

namespace pareto::offline {

// A mean over tasks with its standard error over clusters. `degrees` is clusters - 1.
struct PairedMean {
  double mean = 0;
  double standard_error = 0;
  std::size_t clusters = 0;
  bool unanimous = true;  // every value is the same

  double degrees() const { return static_cast<double>(clusters) - 1; }
};

// `cluster_of` names the cluster of each value, 0 to clusters - 1. The standard error is that of
// Miller 2024 (arXiv 2411.00640, section 2.2) with the C/(C-1) correction; with one value a
// cluster it is the ordinary one.
PairedMean paired_mean(std::span<const double> values, std::span<const std::size_t> cluster_of);

// What can be said of a mean of differences in -1..1. When all are the same there is no variance to
// take, but n equal ones don't exclude a share of others of up to 1 - alpha^(1/n) (the bound of
// Clopper and Pearson for none of n), each at the far end: that bounds the mean instead.
std::optional<Interval> difference_interval(const PairedMean& mean, double confidence);
double difference_p(const PairedMean& mean);
// One-sided p of "the true mean is -margin or less".
double non_inferiority_p(const PairedMean& mean, double margin);

}  // namespace pareto::offline
