#include "policies/offline/proportion.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "policies/offline/distributions.h"
#include "policies/offline/multiple_testing.h"

namespace pareto::offline {
namespace {

void expect_near(const Interval& interval, double low, double high) {
  EXPECT_NEAR(interval.low, low, 1e-9);
  EXPECT_NEAR(interval.high, high, 1e-9);
}

// scipy 1.17.1: stats.t.ppf(.975, 9), stats.t.cdf(-1.5, 7), stats.norm.ppf(.975),
// stats.beta.ppf(.025, 8, 3), stats.binom.cdf(3, 10, .4)
TEST(DistributionsTest, AgreeWithScipy) {
  EXPECT_NEAR(student_t_quantile(0.975, 9), 2.262157162798205, 1e-9);
  EXPECT_NEAR(student_t_cdf(-1.5, 7), 0.088649243494985, 1e-12);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-12);
  EXPECT_NEAR(normal_cdf(1.959963984540054), 0.975, 1e-12);
  EXPECT_NEAR(beta_quantile(0.025, 8, 3), 0.4439045376923585, 1e-9);
  EXPECT_NEAR(binomial_cdf(3, 10, 0.4), 0.3822806015999999, 1e-12);
}

TEST(DistributionsTest, EndsAreInfinitiesAndNotExceptions) {
  EXPECT_TRUE(std::isinf(normal_quantile(1)));
  EXPECT_TRUE(std::isinf(student_t_quantile(0, 3)));
  EXPECT_EQ(student_t_cdf(INFINITY, 3), 1);
  EXPECT_EQ(two_sided_p(INFINITY, 3), 0);
  EXPECT_EQ(binomial_cdf(-1, 4, 0.5), 0);
  EXPECT_EQ(binomial_cdf(4, 4, 0.5), 1);
}

// statsmodels 0.15.0: proportion_confint(8, 10, .05, 'wilson'), (81, 263, .05, 'wilson'); the
// second is the example of Newcombe 1998, table I: .2553 to .3662.
TEST(ProportionTest, WilsonAgreesWithStatsmodels) {
  expect_near(wilson_interval(8, 10, 0.95), 0.49016247153664183, 0.9433178485456247);
  expect_near(wilson_interval(81, 263, 0.95), 0.2552885198782742, 0.36620957698280004);
}

TEST(ProportionTest, WilsonKnowsTheEnds) {
  EXPECT_EQ(wilson_interval(0, 0, 0.95), (Interval{0, 1}));
  EXPECT_EQ(wilson_interval(0, 5, 0.95).low, 0);
  EXPECT_GT(wilson_interval(0, 5, 0.95).high, 0.4);
  EXPECT_EQ(wilson_interval(5, 5, 0.95).high, 1);
}

// statsmodels 0.15.0: proportion_confint(8, 10, .05, 'beta')
TEST(ProportionTest, ClopperPearsonAgreesWithStatsmodels) {
  expect_near(clopper_pearson_interval(8, 10, 0.95), 0.4439045376923585, 0.9747892736731666);
  EXPECT_EQ(clopper_pearson_interval(0, 10, 0.95).low, 0);
  EXPECT_EQ(clopper_pearson_interval(10, 10, 0.95).high, 1);
  EXPECT_EQ(clopper_pearson_interval(0, 0, 0.95), (Interval{0, 1}));
}

// statsmodels 0.15.0: mcnemar([[0, 6], [1, 0]], exact=True), mcnemar([[0, 25], [12, 0]],
// exact=True)
TEST(ProportionTest, McNemarAgreesWithStatsmodels) {
  EXPECT_NEAR(mcnemar_exact(6, 1), 0.125, 1e-12);
  EXPECT_NEAR(mcnemar_exact(25, 12), 0.04703102743951604, 1e-12);
}

// Every way in which the discordant tasks could have gone, by hand.
TEST(ProportionTest, McNemarAgreesWithEnumeration) {
  for (int discordant = 0; discordant <= 12; ++discordant) {
    for (int first = 0; first <= discordant; ++first) {
      const int seen = std::abs(2 * first - discordant);
      int as_extreme = 0;
      for (unsigned ways = 0; ways < (1U << discordant); ++ways) {
        as_extreme += std::abs(2 * std::popcount(ways) - discordant) >= seen ? 1 : 0;
      }
      EXPECT_NEAR(mcnemar_exact(first, discordant - first),
                  static_cast<double>(as_extreme) / (1U << discordant), 1e-12)
          << first << " of " << discordant;
    }
  }
}

// statsmodels 0.15.0: multipletests([.01, .04, .03, .005], method='holm')[1]
TEST(MultipleTestingTest, HolmAgreesWithStatsmodels) {
  const std::vector<double> adjusted = holm(std::vector<double>{.01, .04, .03, .005});
  ASSERT_EQ(adjusted.size(), 4U);
  EXPECT_NEAR(adjusted[0], .03, 1e-12);
  EXPECT_NEAR(adjusted[1], .06, 1e-12);
  EXPECT_NEAR(adjusted[2], .06, 1e-12);
  EXPECT_NEAR(adjusted[3], .02, 1e-12);
  EXPECT_TRUE(holm({}).empty());
  EXPECT_EQ(holm(std::vector<double>{.9, .8}), (std::vector<double>{1, 1}));
}

}  // namespace
}  // namespace pareto::offline
