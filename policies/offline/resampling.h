#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "agent/core/random.h"
#include "policies/offline/interval.h"

namespace pareto::offline {

// What one task adds to a ratio of sums.
struct RatioTerm {
  double top = 0;
  double bottom = 0;
};

// Sum of tops / sum of bottoms (infinite when only the bottom is 0, 0 without terms), with a
// linearised Student t interval over the terms: the standard error of a mean of clusters (Miller
// 2024, arXiv 2411.00640, section 2.2) with the C/(C-1) correction. No interval below two terms.
Estimated ratio_of_sums(std::span<const RatioTerm> terms, double confidence);

// The same value with the interval on the log scale (delta method), for positive ratios such as a
// cost-of-pass. No interval for 0 and infinity.
Estimated log_ratio_of_sums(std::span<const RatioTerm> terms, double confidence);

// Calls `each` with the indices of every resample of `size` things, drawn with replacement.
void resample(std::size_t size, int resamples, Random& random,
              const std::function<void(std::span<const std::uint32_t>)>& each);

// Percentile bootstrap (Efron and Tibshirani 1993, chapter 13) of the ratio over terms. The upper
// end is infinite when more than the upper tail of the resamples has a bottom of 0.
std::optional<Interval> bootstrap_ratio(std::span<const RatioTerm> terms, double confidence,
                                        int resamples, Random& random);

// The interval between the two tails of values; not-a-numbers are left out. Nothing without values.
std::optional<Interval> percentile_interval(std::vector<double> values, double confidence);

}  // namespace pareto::offline
