#include "policies/offline/cost_of_pass.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "policies/offline/attempts.h"
#include "policies/offline/resampling.h"
#include "tests/policies/offline/observations.h"

namespace pareto::offline {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

CostOfPass cost_of_pass_of(const ResultTable& table, const ArmId& arm) {
  SeededRandom random(1);
  return cost_of_pass(table.cells(*table.find(arm)), CostView::list, 0.95, 500, random).value();
}

// numpy, with i = ca / ca.sum() - a / a.sum(), se = sqrt(8 / 7 * (i ** 2).sum()):
// v * exp(-+ scipy.stats.t.ppf(.975, 7) * se)
TEST(CostOfPassTest, RatioOfMeansWithItsDeltaInterval) {
  const CostOfPass cost = cost_of_pass_of(table_of(eight_tasks()), kCheap);
  EXPECT_NEAR(cost.ratio_of_means, 0.024333333333333332, 1e-12);
  ASSERT_TRUE(cost.delta);
  EXPECT_NEAR(cost.delta->low, 0.008855784425264347, 1e-9);
  EXPECT_NEAR(cost.delta->high, 0.06686150911960986, 1e-9);
  ASSERT_TRUE(cost.bootstrap);
  EXPECT_TRUE(cost.bootstrap->contains(cost.ratio_of_means));
  EXPECT_EQ(cost.tasks, 8);
  EXPECT_EQ(cost.passes, 6);
  EXPECT_TRUE(cost.few_data);
}

TEST(CostOfPassTest, TheMeanOfTasksIsInfiniteWhenOneIsNeverPassed) {
  // 2 of 4 passed at 1 USD: 2; 4 of 4: 1; 0 of 4.
  std::vector<Observation> observations;
  for (int repeat = 0; repeat < 4; ++repeat) {
    observations.push_back(observed(kCheap, "half", repeat % 2, 1, repeat));
    observations.push_back(observed(kCheap, "sure", 1, 1, repeat));
  }
  const CostOfPass two = cost_of_pass_of(table_of(observations), kCheap);
  EXPECT_DOUBLE_EQ(two.mean_of_tasks, 1.5);
  EXPECT_DOUBLE_EQ(two.ratio_of_means, 8.0 / 6);  // another number, on purpose
  EXPECT_EQ(two.share_infinite, 0);
  for (int repeat = 0; repeat < 4; ++repeat) {
    observations.push_back(observed(kCheap, "never", 0, 1, repeat));
  }
  const CostOfPass three = cost_of_pass_of(table_of(observations), kCheap);
  EXPECT_EQ(three.mean_of_tasks, kInfinity);
  EXPECT_DOUBLE_EQ(three.mean_of_passed_tasks, 1.5);
  EXPECT_DOUBLE_EQ(three.share_infinite, 1.0 / 3);
  EXPECT_DOUBLE_EQ(three.ratio_of_means, 2);
}

TEST(CostOfPassTest, IsInfiniteWithoutAPassAndNothingWithoutACost) {
  const CostOfPass none =
      cost_of_pass_of(table_of({observed(kCheap, "a", 0, 1), observed(kCheap, "b", 0, 0)}), kCheap);
  EXPECT_EQ(none.ratio_of_means, kInfinity);
  EXPECT_EQ(none.mean_of_tasks, kInfinity);
  EXPECT_EQ(none.delta, std::nullopt);
  EXPECT_EQ(none.bootstrap, std::nullopt);
  Observation unknown = observed(kCheap, "a", 1, 1);
  unknown.list_cost.reset();
  const ResultTable table = table_of({unknown});
  SeededRandom random(1);
  EXPECT_EQ(cost_of_pass(table.cells(0), CostView::list, 0.95, 10, random), std::nullopt);
  EXPECT_TRUE(cost_of_pass(table.cells(0), CostView::billed, 0.95, 10, random));
}

// 300 draws of 60 tasks: a nominal 0.95 should not be far off for either interval.
TEST(CostOfPassTest, IntervalsCoverTheTruth) {
  SeededRandom random(20);
  const double truth = std::exp(0.5 * 0.64) / 0.6;
  int by_delta = 0;
  int by_bootstrap = 0;
  const int draws = 300;
  for (int draw = 0; draw < draws; ++draw) {
    std::vector<RatioTerm> terms(60);
    for (RatioTerm& term : terms) {
      term = {std::exp(0.8 * gaussian(random)), uniform(random) < 0.6 ? 1.0 : 0.0};
    }
    by_delta += log_ratio_of_sums(terms, 0.95).interval->contains(truth) ? 1 : 0;
    by_bootstrap += bootstrap_ratio(terms, 0.95, 200, random)->contains(truth) ? 1 : 0;
  }
  EXPECT_GE(by_delta, draws * 0.90);
  EXPECT_LE(by_delta, draws * 0.985);
  EXPECT_GE(by_bootstrap, draws * 0.89);
  EXPECT_LE(by_bootstrap, draws * 0.985);
}

TEST(ResamplingTest, TheSameSeedGivesTheSameInterval) {
  const std::vector<RatioTerm> terms{{1, 1}, {2, 0}, {3, 1}, {1, 0}};
  SeededRandom first(3);
  SeededRandom second(3);
  EXPECT_EQ(bootstrap_ratio(terms, 0.9, 100, first), bootstrap_ratio(terms, 0.9, 100, second));
}

TEST(ResamplingTest, ResamplesWithoutAPassMakeTheUpperEndInfinite) {
  const std::vector<RatioTerm> terms{{1, 1}, {1, 0}, {1, 0}, {1, 0}};
  SeededRandom random(3);
  EXPECT_EQ(bootstrap_ratio(terms, 0.95, 500, random)->high, kInfinity);
}

TEST(ResamplingTest, DrawsEveryIndexAboutAsOften) {
  std::vector<int> seen(7);
  SeededRandom random(5);
  resample(seen.size(), 10000, random, [&](std::span<const std::uint32_t> indices) {
    for (const std::uint32_t index : indices) ++seen.at(index);
  });
  for (const int count : seen) EXPECT_NEAR(count, 10000, 400);
  resample(0, 3, random, [](std::span<const std::uint32_t>) { FAIL(); });
}

// Removes an arm for real and takes the minimum task by task.
double scanned_frontier(const ResultTable& table, std::optional<std::size_t> without, double cap,
                        const std::vector<bool>& tasks) {
  double sum = 0;
  int count = 0;
  for (std::size_t task = 0; task < table.tasks().size(); ++task) {
    if (!tasks[task]) continue;
    double best = cap;
    for (std::size_t arm = 0; arm < table.arms().size(); ++arm) {
      const Cell& cell = table.cell(arm, task);
      if (arm == without || cell.successes == 0) continue;
      best = std::min(best, cell.cost(CostView::list).usd() / cell.successes);
    }
    sum += best;
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

TEST(FrontierTest, AgreesWithAScan) {
  SeededRandom random(7);
  for (int round = 0; round < 40; ++round) {
    std::vector<Observation> observations;
    for (int task = 0; task < 12; ++task) {
      for (const char* mode : {"a", "b", "c"}) {
        for (int repeat = 0; repeat < 2; ++repeat) {
          observations.push_back(observed({mode, "m"}, std::to_string(task),
                                          uniform(random) < 0.4 ? 1 : 0, 0.01 + uniform(random),
                                          repeat));
        }
      }
    }
    const ResultTable table = table_of(observations);
    const bool with_expert = round % 2 == 1;
    const double cap = with_expert ? 1.2 : kInfinity;
    const Frontier found =
        frontier(table, CostView::list, with_expert ? std::optional(dollars(1.2)) : std::nullopt);
    const std::vector<bool> all(table.tasks().size(), true);
    std::vector<bool> solved = all;
    for (std::size_t task = 0; task < all.size() && !with_expert; ++task) {
      solved[task] = table.cell(0, task).successes + table.cell(1, task).successes +
                         table.cell(2, task).successes >
                     0;
    }
    const double full = scanned_frontier(table, std::nullopt, cap, all);
    const double of_solved = scanned_frontier(table, std::nullopt, cap, solved);
    if (std::isinf(full)) {
      EXPECT_EQ(found.value, full);
    } else {
      EXPECT_NEAR(found.value, full, 1e-9);
    }
    EXPECT_NEAR(found.solved_value, of_solved, 1e-9);
    ASSERT_EQ(found.arms.size(), 3U);
    for (std::size_t arm = 0; arm < 3; ++arm) {
      const double without = scanned_frontier(table, arm, cap, solved);
      EXPECT_NEAR(found.arms[arm].share, std::isinf(without) ? 1 : (without - of_solved) / without,
                  1e-9);
    }
  }
}

TEST(FrontierTest, CountsWhatOnlyOneArmSolvesAndDropsWhatIsIncomplete) {
  const ResultTable table = table_of({observed(kCheap, "easy", 1, 1), observed(kDear, "easy", 1, 4),
                                      observed(kCheap, "hard", 0, 1), observed(kDear, "hard", 1, 6),
                                      observed(kCheap, "alone", 1, 1)});
  const Frontier found = frontier(table, CostView::list);
  EXPECT_EQ(found.tasks, 2);
  EXPECT_EQ(found.dropped, 1);
  EXPECT_DOUBLE_EQ(found.value, 3.5);
  EXPECT_EQ(found.arms[0].only_solver_of, 1);  // agentic/large
  EXPECT_EQ(found.arms[0].share, 1);
  EXPECT_EQ(found.arms[1].only_solver_of, 0);
  EXPECT_DOUBLE_EQ(found.arms[1].share, (5 - 3.5) / 5);
}

TEST(RetriedTest, UsesTheRepeatsWithoutReplacement) {
  std::vector<Observation> observations;
  for (int repeat = 0; repeat < 4; ++repeat) {
    observations.push_back(observed(kCheap, "a", repeat == 0 ? 1 : 0, 2, repeat));
  }
  const ResultTable table = table_of(observations);
  // Two tries of one in four: the second happens with 3/4; one passes with 1 - C(3,2)/C(4,2).
  const Retried two = retried(table.cells(0), CostView::list, 2).value();
  EXPECT_DOUBLE_EQ(two.success, 0.5);
  EXPECT_DOUBLE_EQ(two.usd_per_task, 1.75 * 2);
  EXPECT_DOUBLE_EQ(two.usd_per_success, 7);
  const Retried one = retried(table.cells(0), CostView::list, 1).value();
  EXPECT_DOUBLE_EQ(one.success, 0.25);
  EXPECT_DOUBLE_EQ(one.usd_per_task, 2);
  // Beyond the repeats: independent tries at 1/4.
  EXPECT_NEAR(retried(table.cells(0), CostView::list, 5)->success, 1 - std::pow(0.75, 5), 1e-12);
  EXPECT_EQ(retried(table.cells(0), CostView::list, 0)->usd_per_success, kInfinity);
  EXPECT_EQ(retried({}, CostView::list, 2), std::nullopt);
}

TEST(RetriedTest, ExpectedCostOfSuccess) {
  EXPECT_DOUBLE_EQ(expected_cost_of_success(0.5, 0.25), 2);
  EXPECT_EQ(expected_cost_of_success(0.5, 0), kInfinity);
  EXPECT_EQ(expected_cost_of_success(0, 0.5), 0);
}

// All subsets of k of n runs, by hand.
TEST(AttemptsTest, AgreeWithEnumeration) {
  for (int n = 1; n <= 8; ++n) {
    for (int c = 0; c <= n; ++c) {
      std::vector<double> any(9);
      std::vector<double> every(9);
      std::vector<double> all(9);
      for (unsigned subset = 1; subset < (1U << n); ++subset) {
        const int k = std::popcount(subset);
        const int passes = std::popcount(subset & ((1U << c) - 1));
        ++all[k];
        any[k] += passes > 0 ? 1 : 0;
        every[k] += passes == k ? 1 : 0;
      }
      for (int k = 1; k <= n; ++k) {
        EXPECT_NEAR(pass_at_k(n, c, k).value(), any[k] / all[k], 1e-12) << n << c << k;
        EXPECT_NEAR(pass_hat_k(n, c, k).value(), every[k] / all[k], 1e-12) << n << c << k;
      }
    }
  }
}

TEST(AttemptsTest, KnowTheEdges) {
  EXPECT_EQ(pass_at_k(5, 5, 5), 1);
  EXPECT_EQ(pass_hat_k(5, 5, 5), 1);
  EXPECT_EQ(pass_at_k(5, 0, 5), 0);
  EXPECT_EQ(pass_at_k(5, 1, 5), 1);  // n - c < k
  for (const auto estimate : {pass_at_k, pass_hat_k}) {
    EXPECT_EQ(estimate(4, 2, 5), std::nullopt);
    EXPECT_EQ(estimate(4, 2, 0), std::nullopt);
    EXPECT_EQ(estimate(4, 5, 1), std::nullopt);
    EXPECT_EQ(estimate(4, -1, 1), std::nullopt);
  }
  EXPECT_NEAR(pass_at_k(100000, 10, 1000).value(), 1 - std::pow(0.99, 10), 1e-3);
}

TEST(AttemptsTest, TheScoreLeavesOutTasksWithTooFewOrGradedRuns) {
  const ResultTable table = table_of(
      {observed(kCheap, "a", 1, 1, 0), observed(kCheap, "a", 0, 1, 1), observed(kCheap, "b", 1, 1),
       observed(kCheap, "c", 0.5, 1, 0), observed(kCheap, "c", 1, 1, 1),
       observed(kCheap, "d", 1, 1, 0), observed(kCheap, "d", 1, 1, 1)});
  EXPECT_EQ(attempt_score(table.cells(0), 2),
            (AttemptScore{.k = 2, .tasks = 2, .dropped = 2, .at_k = 1, .hat_k = 0.5}));
  EXPECT_EQ(attempt_score(table.cells(0), 3), std::nullopt);
}

}  // namespace
}  // namespace pareto::offline
