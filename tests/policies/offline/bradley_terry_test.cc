#include "policies/offline/bradley_terry.h"

#include <gtest/gtest.h>

#include <cmath>

#include "policies/offline/import_check.h"
#include "policies/offline/sharpe_ratio.h"
#include "policies/offline/suite_noise.h"
#include "tests/policies/offline/observations.h"

namespace pareto::offline {
namespace {

// `passes` of `runs` on one task.
void add(std::vector<Observation>& to, const ArmId& arm, const std::string& task, int passes,
         int runs) {
  for (int run = 0; run < runs; ++run) {
    to.push_back(observed(arm, task, run < passes ? 1 : 0, 1, run));
  }
}

// scipy 1.17.1: optimize.minimize(method='BFGS', gtol=1e-12) of the negative log posterior with
// S = [[3,2,0,1],[3,3,1,-],[1,0,0,0]], N = [[3,3,3,3],[3,3,3,0],[3,3,1,3]], deviations 5 and 5;
// errors by numpy.linalg.inv of the full Hessian, centred.
TEST(BradleyTerryTest, AgreesWithScipyWithMissingCells) {
  std::vector<Observation> observations;
  const int passes[3][4] = {{3, 2, 0, 1}, {3, 3, 1, 0}, {1, 0, 0, 0}};
  const int runs[3][4] = {{3, 3, 3, 3}, {3, 3, 3, 0}, {3, 3, 1, 3}};
  const char* modes[3] = {"a", "b", "c"};
  for (int arm = 0; arm < 3; ++arm) {
    for (int task = 0; task < 4; ++task) {
      add(observations, {modes[arm], "m"}, std::to_string(task), passes[arm][task],
          runs[arm][task]);
    }
  }
  const BradleyTerry fit = fit_bradley_terry(table_of(observations));
  EXPECT_TRUE(fit.converged);
  ASSERT_EQ(fit.arms.size(), 3U);
  const double abilities[3] = {2.99049425, 0.45794246, -3.44843671};
  const double errors[3] = {1.3950709, 1.01064969, 1.35642795};
  const char* order[3] = {"b", "a", "c"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(fit.arms[i].arm.mode, order[i]);
    EXPECT_NEAR(fit.arms[i].ability, abilities[i], 1e-6);
    EXPECT_NEAR(fit.arms[i].standard_error, errors[i], 1e-6);
  }
  const double difficulties[4] = {-2.76122853, -0.21239844, 3.65751292, 1.14331305};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(fit.difficulties[i], difficulties[i], 1e-6);
}

// The weaker arm ran only easy tasks and has the higher share of passes.
TEST(BradleyTerryTest, RanksByTaskAndNotByShareOfPasses) {
  std::vector<Observation> observations;
  for (int task = 0; task < 10; ++task) {
    const std::string easy = "easy" + std::to_string(task);
    const std::string hard = "hard" + std::to_string(task);
    add(observations, kCheap, easy, 7, 10);
    add(observations, kDear, easy, 9, 10);
    add(observations, kDear, hard, 3, 10);
  }
  const BradleyTerry fit = fit_bradley_terry(table_of(observations));
  EXPECT_EQ(fit.arms[0].arm, kDear);
  EXPECT_NEAR(fit.arms[0].ability + fit.arms[1].ability, 0, 1e-9);
}

TEST(BradleyTerryTest, StaysFiniteWhenEverythingIsPassed) {
  std::vector<Observation> observations;
  add(observations, kCheap, "a", 1000, 1000);
  add(observations, kDear, "a", 0, 1000);
  const BradleyTerry fit = fit_bradley_terry(table_of(observations));
  EXPECT_TRUE(fit.converged);
  EXPECT_TRUE(std::isfinite(fit.arms[0].ability));
  EXPECT_TRUE(fit_bradley_terry(table_of({})).arms.empty());
}

TEST(BradleyTerryTest, PredictsWhatItDidNotSeeBetterThanTheBaseRate) {
  std::vector<Observation> observations;
  SeededRandom random(4);
  for (int task = 0; task < 40; ++task) {
    const double difficulty = 2 * gaussian(random);
    for (int arm = 0; arm < 5; ++arm) {
      const double p = 1 / (1 + std::exp(difficulty - (arm - 2)));
      observations.push_back(observed({std::to_string(arm), "m"}, std::to_string(task),
                                      uniform(random) < p ? 1 : 0, 1));
    }
  }
  const ResultTable table = table_of(observations);
  const auto loss = held_out_loss(table, 5, random);
  ASSERT_TRUE(loss);
  EXPECT_LT(loss->log_loss, loss->base_rate_log_loss);
  EXPECT_FALSE(held_out_loss(table_of({}), 5, random));
  EXPECT_FALSE(held_out_loss(table, 1, random));
}

TEST(ImportCheckTest, FindsAnArmWhoseRowsWerePermuted) {
  std::vector<Observation> observations;
  for (int task = 0; task < 60; ++task) {
    const std::string name = std::to_string(task);
    const double easy = task < 30 ? 1 : 0;
    observations.push_back(observed({"a", "m"}, name, easy, 1));
    observations.push_back(observed({"b", "m"}, name, task % 10 == 0 ? 1 - easy : easy, 1));
    observations.push_back(observed({"permuted", "m"}, name, task % 2, 1));
  }
  const std::vector<ArmCheck> checks = check_import(table_of(observations));
  ASSERT_EQ(checks.size(), 3U);
  EXPECT_FALSE(checks[0].suspicious);
  EXPECT_FALSE(checks[1].suspicious);
  EXPECT_TRUE(checks[2].suspicious);
  EXPECT_NEAR(checks[2].correlation.value(), 0, 0.11);
  EXPECT_EQ(checks[2].tasks, 60);
}

TEST(ImportCheckTest, SaysNothingOfFewTasksOrOfAnArmThatNeverVaries) {
  EXPECT_EQ(check_import(table_of({observed(kCheap, "a", 1, 1), observed(kCheap, "b", 0, 1),
                                   observed(kDear, "a", 0, 1), observed(kDear, "b", 1, 1)})),
            (std::vector<ArmCheck>{{kDear, 2, -1, false}, {kCheap, 2, -1, false}}));
  std::vector<Observation> observations;
  for (int task = 0; task < 30; ++task) {
    observations.push_back(observed(kCheap, std::to_string(task), 1, 1));
    observations.push_back(observed(kDear, std::to_string(task), task % 2, 1));
  }
  EXPECT_EQ(check_import(table_of(observations))[0].correlation, std::nullopt);
}

TEST(SuiteNoiseTest, SeedsOnTheTasksThatAllRepeatsRan) {
  std::vector<Observation> observations{
      observed(kCheap, "a", 1, 1, 0), observed(kCheap, "a", 1, 1, 1),
      observed(kCheap, "b", 0, 1, 0), observed(kCheap, "b", 1, 1, 1),
      observed(kCheap, "c", 1, 1, 0), observed(kDear, "a", 0, 1, 0)};
  const SeedNoise noise = seed_noise(observations, kCheap);
  EXPECT_EQ(noise.seeds, 2);
  EXPECT_EQ(noise.tasks, 2);
  EXPECT_DOUBLE_EQ(noise.mean, 0.75);
  EXPECT_DOUBLE_EQ(noise.deviation, std::sqrt(0.125));  // of 0.5 and 1
  EXPECT_DOUBLE_EQ(noise.signal_to_noise.value(), 0.75 / std::sqrt(0.125));
  EXPECT_EQ(seed_noise(observations, kDear).signal_to_noise, std::nullopt);
  EXPECT_EQ(seed_noise({}, kDear).tasks, 0);
}

TEST(SuiteNoiseTest, ArmsAgainstSeeds) {
  const std::vector<SeedNoise> arms{{.seeds = 3, .tasks = 9, .mean = 0.4, .deviation = 0.03},
                                    {.seeds = 2, .tasks = 9, .mean = 0.6, .deviation = 0.06},
                                    {.seeds = 1, .tasks = 9, .mean = 0.9}};
  const auto noise = suite_noise(arms);
  ASSERT_TRUE(noise);
  EXPECT_NEAR(noise->signal, std::sqrt(0.02), 1e-12);
  EXPECT_NEAR(noise->noise, std::sqrt((2 * 0.0009 + 0.0036) / 3), 1e-12);
  EXPECT_FALSE(suite_noise(std::span(arms).last(2)));
}

TEST(SharpeRatioTest, JudgesTheTopKByTheirTruth) {
  const std::vector<double> estimates{0.9, 0.1, 0.8, 0.7};
  const std::vector<double> truths{1, 9, 4, 4};
  const TopK top = sharpe_ratio_at_k(estimates, truths, 2, 3).value();
  EXPECT_EQ(top.best, 4);
  EXPECT_EQ(top.worst, 1);
  EXPECT_DOUBLE_EQ(top.mean, 3);
  EXPECT_DOUBLE_EQ(top.deviation, std::sqrt(2));  // population: (4 + 1 + 1) / 3
  EXPECT_DOUBLE_EQ(top.sharpe_ratio.value(), 2 / std::sqrt(2));
  EXPECT_EQ(sharpe_ratio_at_k(estimates, truths, 2, 1)->sharpe_ratio, std::nullopt);
  EXPECT_FALSE(sharpe_ratio_at_k(estimates, truths, 2, 0));
  EXPECT_FALSE(sharpe_ratio_at_k(estimates, truths, 2, 5));
  EXPECT_FALSE(sharpe_ratio_at_k(estimates, std::span(truths).first(2), 2, 1));
}

}  // namespace
}  // namespace pareto::offline
