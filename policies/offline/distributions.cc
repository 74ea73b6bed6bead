#include "policies/offline/distributions.h"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

namespace pareto::offline {
namespace {

// Values instead of exceptions: what does not exist is a NaN, too large an infinity.
using Quiet = boost::math::policies::policy<
    boost::math::policies::domain_error<boost::math::policies::ignore_error>,
    boost::math::policies::pole_error<boost::math::policies::ignore_error>,
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::evaluation_error<boost::math::policies::ignore_error>,
    boost::math::policies::promote_double<false>>;
using Normal = boost::math::normal_distribution<double, Quiet>;
using StudentT = boost::math::students_t_distribution<double, Quiet>;
using Beta = boost::math::beta_distribution<double, Quiet>;
using Binomial = boost::math::binomial_distribution<double, Quiet>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

double normal_cdf(double z) { return boost::math::cdf(Normal(), z); }

double normal_quantile(double probability) {
  if (probability <= 0) return -kInfinity;
  if (probability >= 1) return kInfinity;
  return boost::math::quantile(Normal(), probability);
}

double student_t_cdf(double t, double degrees) {
  if (std::isinf(t)) return t > 0 ? 1 : 0;
  return boost::math::cdf(StudentT(degrees), t);
}

double student_t_quantile(double probability, double degrees) {
  if (probability <= 0) return -kInfinity;
  if (probability >= 1) return kInfinity;
  return boost::math::quantile(StudentT(degrees), probability);
}

double beta_quantile(double probability, double a, double b) {
  return boost::math::quantile(Beta(a, b), std::clamp(probability, 0.0, 1.0));
}

double binomial_cdf(std::int64_t k, std::int64_t n, double probability) {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return boost::math::cdf(Binomial(static_cast<double>(n), probability), static_cast<double>(k));
}

double two_sided_p(double t, double degrees) {
  return std::min(1.0, 2 * student_t_cdf(-std::abs(t), degrees));
}

}  // namespace pareto::offline
