#include "policies/offline/resampling.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "policies/offline/distributions.h"

namespace pareto::offline {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

RatioTerm sum_of(std::span<const RatioTerm> terms) {
  RatioTerm sum;
  for (const RatioTerm& term : terms) {
    sum.top += term.top;
    sum.bottom += term.bottom;
  }
  return sum;
}

double ratio(const RatioTerm& sum) {
  if (sum.bottom > 0) return sum.top / sum.bottom;
  return sum.top > 0 ? kInfinity : 0;
}

double standard_error(std::span<const RatioTerm> terms, const RatioTerm& sum) {
  const auto count = static_cast<double>(terms.size());
  const double value = ratio(sum);
  double squares = 0;
  for (const RatioTerm& term : terms) {
    const double residual = term.top - value * term.bottom;
    squares += residual * residual;
  }
  return std::sqrt(squares * count / (count - 1)) / sum.bottom;
}

double t_quantile(std::size_t terms, double confidence) {
  return student_t_quantile(0.5 + confidence / 2, static_cast<double>(terms) - 1);
}

}  // namespace

Estimated ratio_of_sums(std::span<const RatioTerm> terms, double confidence) {
  const RatioTerm sum = sum_of(terms);
  Estimated result{.value = ratio(sum)};
  if (terms.size() < 2 || sum.bottom <= 0) return result;
  const double half = t_quantile(terms.size(), confidence) * standard_error(terms, sum);
  result.interval = Interval{result.value - half, result.value + half};
  return result;
}

Estimated log_ratio_of_sums(std::span<const RatioTerm> terms, double confidence) {
  const RatioTerm sum = sum_of(terms);
  Estimated result{.value = ratio(sum)};
  if (terms.size() < 2 || sum.bottom <= 0 || sum.top <= 0) return result;
  const double half =
      t_quantile(terms.size(), confidence) * standard_error(terms, sum) / result.value;
  result.interval = Interval{result.value * std::exp(-half), result.value * std::exp(half)};
  return result;
}

void resample(std::size_t size, int resamples, Random& random,
              const std::function<void(std::span<const std::uint32_t>)>& each) {
  if (size == 0) return;
  // A generator of its own spares a virtual call for each of millions of draws.
  SeededRandom draws(random.next());
  std::vector<std::uint32_t> indices(size);
  for (int i = 0; i < resamples; ++i) {
    for (std::uint32_t& index : indices) {
      // The bias of the multiplication is below size / 2^32.
      index = static_cast<std::uint32_t>(((draws.next() >> 32) * size) >> 32);
    }
    each(indices);
  }
}

std::optional<Interval> bootstrap_ratio(std::span<const RatioTerm> terms, double confidence,
                                        int resamples, Random& random) {
  if (terms.size() < 2) return std::nullopt;
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(std::max(0, resamples)));
  resample(terms.size(), resamples, random, [&](std::span<const std::uint32_t> indices) {
    RatioTerm sum;
    for (const std::uint32_t index : indices) {
      sum.top += terms[index].top;
      sum.bottom += terms[index].bottom;
    }
    values.push_back(ratio(sum));
  });
  return percentile_interval(std::move(values), confidence);
}

std::optional<Interval> percentile_interval(std::vector<double> values, double confidence) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const double last = static_cast<double>(values.size()) - 1;
  const double tail = (1 - confidence) / 2;
  // The nearest rank: interpolation between a number and infinity has no meaning.
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(std::llround(std::clamp(share, 0.0, 1.0) * last))];
  };
  return Interval{at(tail), at(1 - tail)};
}

}  // namespace pareto::offline
