#include "policies/offline/comparison.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "policies/offline/paired_mean.h"
#include "tests/policies/offline/observations.h"

namespace pareto::offline {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Comparison compared(const std::vector<Observation>& observations,
                    const CompareOptions& options = {}) {
  SeededRandom random(1);
  return compare(table_of(observations), kCheap, kDear, options, random).value();
}

void expect_near(const std::optional<Interval>& interval, double low, double high) {
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->low, low, 1e-9);
  EXPECT_NEAR(interval->high, high, 1e-9);
}

// scipy 1.17.1: r = stats.ttest_rel(a, b); r.confidence_interval(.95);
// stats.ttest_1samp(a - b, -.03, alternative='greater'); np.corrcoef(a, b)
TEST(ComparisonTest, SuccessAgreesWithThePairedTTest) {
  const Comparison comparison = compared(eight_tasks());
  EXPECT_EQ(comparison.tasks, 8);
  EXPECT_DOUBLE_EQ(comparison.success.arm, 0.75);
  EXPECT_DOUBLE_EQ(comparison.success.baseline, 0.375);
  EXPECT_NEAR(comparison.success.difference.value, 0.375, 1e-12);
  expect_near(comparison.success.difference.interval, -0.057681933679737896, 0.8076819336797378);
  EXPECT_NEAR(comparison.success.p, 0.07960201245519759, 1e-9);
  EXPECT_NEAR(comparison.success.non_inferiority_p, 0.031244158290137946, 1e-9);
  EXPECT_NEAR(comparison.success.correlation, 0.4472135954999579, 1e-9);
}

// statsmodels 0.15.0, classes as groups: OLS(a - b, ones).fit(cov_type='cluster',
// cov_kwds={'groups': g, 'use_correction': True, 'df_correction': True}, use_t=True).conf_int() and
// .pvalues
TEST(ComparisonTest, ClassesAsClustersAgreeWithStatsmodels) {
  const Comparison comparison = compared(eight_tasks(), {.clusters = Clusters::classes});
  expect_near(comparison.success.difference.interval, 0.17331315329299396, 0.5766868467070059);
  EXPECT_NEAR(comparison.success.p, 0.015268072165338131, 1e-9);
}

// scipy 1.17.1: r = stats.ttest_1samp(np.log(ca / cb), 0); np.expm1 of its mean and interval
TEST(ComparisonTest, CostAgreesWithTheTTestOfLogRatios) {
  const Comparison comparison = compared(eight_tasks());
  ASSERT_TRUE(comparison.cost && comparison.cost->geometric_change);
  EXPECT_NEAR(comparison.cost->geometric_change->value, -0.34734230296616053, 1e-9);
  ASSERT_TRUE(comparison.cost->geometric_change->interval);
  EXPECT_NEAR(comparison.cost->geometric_change->interval->low, -0.4928537162026394, 1e-9);
  EXPECT_NEAR(comparison.cost->geometric_change->interval->high, -0.1600804676945719, 1e-9);
  EXPECT_NEAR(comparison.cost->p, 0.005190493577496061, 1e-9);
  EXPECT_NEAR(comparison.cost->ratio_of_totals.value, 0.6697247706422018, 1e-12);
}

// numpy: i = ca/ca.sum() - a/a.sum() - cb/cb.sum() + b/b.sum(); se = sqrt(8 / 7 * (i ** 2).sum())
TEST(ComparisonTest, RatioOfCostOfPassHasADeltaInterval) {
  const Comparison comparison = compared(eight_tasks());
  EXPECT_NEAR(comparison.cost->cost_of_pass_ratio.value, 0.33486238532110085, 1e-12);
  expect_near(comparison.cost->cost_of_pass_delta, 0.11439474838713022, 0.9802269656948057);
  ASSERT_TRUE(comparison.cost->cost_of_pass_ratio.interval);
  EXPECT_TRUE(comparison.cost->cost_of_pass_ratio.interval->contains(0.3349));
}

TEST(ComparisonTest, McNemarOnlyForOneBinaryRepeat) {
  std::vector<Observation> observations = eight_tasks();
  const Comparison once = compared(observations);
  ASSERT_TRUE(once.mcnemar);
  EXPECT_EQ(once.mcnemar->only_arm, 3);
  EXPECT_EQ(once.mcnemar->only_baseline, 0);
  EXPECT_DOUBLE_EQ(once.mcnemar->p, 0.25);
  observations.push_back(observed(kCheap, "t0", 1, 1, 1, "x"));
  EXPECT_FALSE(compared(observations).mcnemar);
}

TEST(ComparisonTest, SaysWhatWasDroppedAndWhy) {
  std::vector<Observation> observations = eight_tasks();
  observations.push_back(observed(kCheap, "u", 1, 1));
  observations.push_back(observed(kDear, "v", 1, 1));
  observations.push_back(observed(kDear, "w", 1, 1));
  observations.push_back(broken(kCheap, "w"));
  observations.push_back(observed({"auto", "other"}, "of neither", 1, 1));
  const ResultTable table =
      ResultTable::from(observations, InfrastructureErrors::leave_out).value();
  SeededRandom random(1);
  const Comparison comparison = compare(table, kCheap, kDear, {}, random).value();
  EXPECT_EQ(comparison.tasks, 8);
  EXPECT_EQ(comparison.dropped,
            (std::vector<Dropped>{{"not run by agentic/large", {"u"}},
                                  {"not run by instant/small", {"v"}},
                                  {"only infrastructure errors by instant/small", {"w"}}}));
}

// `tasks` pairs: the arm at `cost` times the baseline's cost, with the successes given by
// functions.
template <class Arm, class Baseline>
std::vector<Observation> pairs(int tasks, double cost, Arm arm, Baseline baseline) {
  std::vector<Observation> observations;
  for (int task = 0; task < tasks; ++task) {
    const std::string name = std::to_string(task);
    const double usd = 0.01 + 0.001 * (task % 7);
    const double noise = 1 + 0.05 * (task % 3);
    observations.push_back(observed(kCheap, name, arm(task), cost * usd * noise));
    observations.push_back(observed(kDear, name, baseline(task), usd));
  }
  return observations;
}
constexpr auto kHalf = [](int task) { return task % 2 == 0 ? 1.0 : 0.0; };
constexpr auto kNever = [](int) { return 0.0; };
constexpr auto kAlways = [](int) { return 1.0; };
// Half, with a task in fifty the other way.
constexpr auto kAlmostHalf = [](int task) {
  return task % 50 == 0 ? 0.0 : task % 50 == 1 ? 1.0 : kHalf(task);
};

TEST(VerdictTest, IsOneSentence) {
  EXPECT_EQ(compared(pairs(400, 0.5, kHalf, kHalf)).sentence, "cheaper and not worse");
  EXPECT_EQ(compared(pairs(400, 0.5, kAlmostHalf, kHalf)).sentence, "cheaper and not worse");
  EXPECT_EQ(compared(pairs(20, 0.5, kHalf, kHalf)).sentence, "cheaper, success inconclusive");
  EXPECT_EQ(compared(pairs(400, 0.5, kHalf, kAlways)).sentence, "cheaper but worse");
  EXPECT_EQ(compared(pairs(400, 2, kHalf, kAlways)).sentence, "dearer and worse");
  EXPECT_EQ(compared(pairs(400, 2, kHalf, kNever)).sentence, "dearer but better");
  EXPECT_EQ(compared(pairs(400, 2, kHalf, kHalf)).sentence, "dearer and not worse");
  EXPECT_EQ(compared(pairs(6, 0.95, kHalf, kHalf)).sentence,
            "cost inconclusive, success inconclusive");
}

TEST(VerdictTest, SaysWhenASmallLossIsWithinTheMargin) {
  const auto slightly_less = [](int task) { return task % 100 == 0 ? 0.0 : kHalf(task); };
  EXPECT_EQ(compared(pairs(1000, 0.5, slightly_less, kHalf)).sentence,
            "cheaper but worse within the margin");
}

TEST(VerdictTest, SaysWhenTheBillGoesTheOtherWay) {
  std::vector<Observation> observations;
  for (int task = 0; task < 60; ++task) {
    const std::string name = std::to_string(task);
    // Mostly a tenth of the price, but a few tasks make the bill.
    observations.push_back(observed(kCheap, name, kHalf(task), task % 5 == 0 ? 30 : 0.1));
    observations.push_back(observed(kDear, name, kHalf(task), 1));
  }
  EXPECT_THAT(compared(observations).sentence, HasSubstr("; yet dearer in total"));
}

TEST(VerdictTest, FreeTasksAreJudgedByTheTotal) {
  std::vector<Observation> observations;
  for (int task = 0; task < 40; ++task) {
    const std::string name = std::to_string(task);
    // Free on most tasks; where it costs, it costs a little more.
    observations.push_back(observed(kCheap, name, 1, task % 4 == 0 ? 1.1 + 0.01 * task : 0));
    observations.push_back(observed(kDear, name, 1, 1));
  }
  const Comparison comparison = compared(observations);
  EXPECT_EQ(comparison.cost->free_tasks, 30);
  EXPECT_GT(comparison.cost->geometric_change->value, 0);
  EXPECT_EQ(comparison.cost_verdict, CostVerdict::cheaper);
  for (Observation& each : observations) each.list_cost = Money();
  const Comparison free = compared(observations);
  EXPECT_FALSE(free.cost->geometric_change);
  EXPECT_EQ(free.cost->ratio_of_totals.value, 1);
  EXPECT_EQ(free.cost_verdict, CostVerdict::inconclusive);
}

TEST(VerdictTest, AnUnknownCostIsUnknown) {
  std::vector<Observation> observations = pairs(400, 0.5, kHalf, kHalf);
  for (Observation& each : observations) each.list_cost.reset();
  const Comparison comparison = compared(observations);
  EXPECT_FALSE(comparison.cost);
  EXPECT_EQ(comparison.sentence, "cost unknown, not worse");
}

TEST(ComparisonTest, AnArmWithoutAPassHasAnInfiniteRatio) {
  const Comparison comparison = compared(pairs(20, 1, kNever, kHalf));
  EXPECT_EQ(comparison.cost->cost_of_pass_ratio.value, std::numeric_limits<double>::infinity());
  EXPECT_FALSE(comparison.cost->cost_of_pass_delta);
}

TEST(ComparisonTest, OnePairGivesNoCertainty) {
  const Comparison comparison = compared({observed(kCheap, "a", 1, 1), observed(kDear, "a", 0, 9)});
  EXPECT_EQ(comparison.success.p, 1);
  EXPECT_FALSE(comparison.cost->geometric_change);
  EXPECT_EQ(comparison.sentence, "cost inconclusive, success inconclusive");
}

TEST(ComparisonTest, RepeatsAreAveragedAndSplitTheVariance) {
  std::vector<Observation> observations;
  for (int task = 0; task < 10; ++task) {
    for (int repeat = 0; repeat < 2; ++repeat) {
      const std::string name = std::to_string(task);
      observations.push_back(observed(kCheap, name, repeat, 1 + repeat, repeat));
      observations.push_back(observed(kDear, name, 1, 2, repeat));
    }
  }
  const Comparison comparison = compared(observations);
  EXPECT_EQ(comparison.tasks, 10);
  EXPECT_DOUBLE_EQ(comparison.success.difference.value, -0.5);
  // Every task is the same, the repeats are not: s^2 = 0.5, of the mean of two 0.25.
  EXPECT_NEAR(*comparison.success_split.repeats_part, 0.25, 1e-12);
  EXPECT_EQ(*comparison.success_split.tasks_part, 0);
  EXPECT_THAT(comparison.success_split.advice, StartsWith("more repeats"));
  ASSERT_TRUE(comparison.cost_split);
  EXPECT_NEAR(*comparison.cost_split->repeats_part, std::log(2) * std::log(2) / 4, 1e-12);
}

TEST(ComparisonTest, TheSameSeedGivesTheSameIntervals) {
  EXPECT_EQ(compared(eight_tasks()).cost->ratio_of_totals.interval,
            compared(eight_tasks()).cost->ratio_of_totals.interval);
}

TEST(ComparisonTest, NamesWhatItCanNotCompare) {
  const ResultTable table = table_of({observed(kCheap, "a", 1, 1), observed(kDear, "b", 1, 1)});
  SeededRandom random(1);
  EXPECT_THAT(compare(table, kCheap, {"no", "arm"}, {}, random).error().message,
              HasSubstr("(agentic/large, instant/small), found 'no/arm'"));
  EXPECT_THAT(compare(table, kCheap, kCheap, {}, random).error().message, HasSubstr("twice"));
  EXPECT_THAT(compare(table, kCheap, kDear, {}, random).error().message,
              HasSubstr("expected a task that both"));
  EXPECT_TRUE(compare_all(table, kCheap, {}, random).value().empty());
}

TEST(ComparisonTest, AllArmsAreAdjustedTogether) {
  std::vector<Observation> observations = eight_tasks();
  for (const Observation& each : eight_tasks()) {
    if (each.arm != kCheap) continue;
    observations.push_back(each);
    observations.back().arm = {"reasoning", "small"};
  }
  SeededRandom random(1);
  const auto all = compare_all(table_of(observations), kDear, {}, random).value();
  ASSERT_EQ(all.size(), 2U);
  for (const Comparison& comparison : all) {
    EXPECT_NEAR(comparison.success.holm_p, 2 * 0.07960201245519759, 1e-9);
    EXPECT_NEAR(comparison.cost->holm_p, 2 * 0.005190493577496061, 1e-9);
    EXPECT_EQ(comparison.cost_verdict, CostVerdict::cheaper);
  }
}

TEST(PairedMeanTest, UnanimousTasksAreBoundedByTheirNumber) {
  const std::vector<double> same(100, 0.0);
  std::vector<std::size_t> own(100);
  for (std::size_t i = 0; i < own.size(); ++i) own[i] = i;
  const PairedMean mean = paired_mean(same, own);
  // 1 - 0.025^(1/100): Clopper and Pearson for 0 of 100.
  expect_near(difference_interval(mean, 0.95), -0.036216692645176724, 0.036216692645176724);
  EXPECT_EQ(difference_p(mean), 1);
  EXPECT_NEAR(non_inferiority_p(mean, 0.03), std::pow(0.97, 100), 1e-12);
  EXPECT_FALSE(difference_interval(paired_mean({}, {}), 0.95));
}

TEST(PairedMeanTest, OneClusterSaysNothing) {
  const PairedMean mean = paired_mean(std::vector<double>{0, 1}, std::vector<std::size_t>{0, 0});
  EXPECT_FALSE(difference_interval(mean, 0.95));
  EXPECT_EQ(difference_p(mean), 1);
  EXPECT_EQ(non_inferiority_p(mean, 0.03), 1);
}

}  // namespace
}  // namespace pareto::offline
