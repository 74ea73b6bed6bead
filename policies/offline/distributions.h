#pragma once

#include <cstdint>

namespace pareto::offline {

// Thin names for the distributions of Boost.Math. Quantiles take a probability within (0, 1);
// anything else gives the infinity of that side.
double normal_cdf(double z);
double normal_quantile(double probability);
double student_t_cdf(double t, double degrees);
double student_t_quantile(double probability, double degrees);
double beta_quantile(double probability, double a, double b);
// P(X <= k) of n trials.
double binomial_cdf(std::int64_t k, std::int64_t n, double probability);

// Two-sided p of a t statistic.
double two_sided_p(double t, double degrees);

}  // namespace pareto::offline
