#include "policies/offline/summary.h"

#include <gtest/gtest.h>

#include <cmath>

#include "policies/offline/proportion.h"
#include "tests/policies/offline/observations.h"

namespace pareto::offline {
namespace {

ArmSummary summary_of(const ResultTable& table, const ArmId& arm) {
  SeededRandom random(1);
  return summarise(table, *table.find(arm), {}, random);
}

// numpy and scipy: ca.mean() -+ stats.t.ppf(.975, 7) * ca.std(ddof=1) / sqrt(8)
TEST(SummaryTest, MeansHaveTIntervals) {
  const ArmSummary summary = summary_of(table_of(eight_tasks()), kCheap);
  ASSERT_TRUE(summary.usd && summary.usd->interval);
  EXPECT_NEAR(summary.usd->value, 0.01825, 1e-12);
  EXPECT_NEAR(summary.usd->interval->low, 0.008825873606553342, 1e-9);
  EXPECT_NEAR(summary.usd->interval->high, 0.027674126393446657, 1e-9);
  EXPECT_EQ(summary.tasks, 8);
  EXPECT_EQ(summary.runs, 8);
}

TEST(SummaryTest, ShowsBothDenominators) {
  std::vector<Observation> observations{observed(kCheap, "a", 1, 1), observed(kCheap, "b", 1, 1),
                                        observed(kCheap, "c", 0, 1), broken(kCheap, "d")};
  for (const auto errors :
       {InfrastructureErrors::count_as_failures, InfrastructureErrors::leave_out}) {
    const ArmSummary summary = summary_of(ResultTable::from(observations, errors).value(), kCheap);
    EXPECT_EQ(summary.errors, 1);
    EXPECT_EQ(summary.success_of_all, (Proportion{.passes = 2,
                                                  .runs = 4,
                                                  .effective = 4,
                                                  .share = 0.5,
                                                  .interval = wilson_interval(2, 4, 0.95)}));
    EXPECT_EQ(summary.success_of_attempted.runs, 3);
    EXPECT_DOUBLE_EQ(summary.success_of_attempted.share, 2.0 / 3);
  }
}

TEST(SummaryTest, RepeatsThatAgreeAreWorthNoMoreThanTheirTask) {
  std::vector<Observation> agreeing;
  std::vector<Observation> differing;
  for (int task = 0; task < 20; ++task) {
    for (int repeat = 0; repeat < 5; ++repeat) {
      const std::string name = std::to_string(task);
      agreeing.push_back(observed(kCheap, name, task % 2, 1, repeat));
      differing.push_back(observed(kCheap, name, (task + repeat) % 2, 1, repeat));
    }
  }
  EXPECT_NEAR(summary_of(table_of(agreeing), kCheap).success_of_all.effective, 20, 1e-9);
  EXPECT_NEAR(summary_of(table_of(differing), kCheap).success_of_all.effective, 100, 1e-9);
}

TEST(SummaryTest, AnUnknownCostIsNotZero) {
  Observation unknown = observed(kCheap, "b", 1, 1);
  unknown.list_cost.reset();
  const ArmSummary some = summary_of(table_of({observed(kCheap, "a", 1, 3), unknown}), kCheap);
  EXPECT_EQ(some.unpriced, 1);
  EXPECT_DOUBLE_EQ(some.usd->value, 3);
  const ArmSummary none = summary_of(table_of({unknown}), kCheap);
  EXPECT_EQ(none.usd, std::nullopt);
  EXPECT_EQ(none.cost_of_pass, std::nullopt);
  EXPECT_FALSE(none.retried);
}

TEST(SummaryTest, TokensSecondsAndTurnsAreMeansOverRuns) {
  Observation a = observed(kCheap, "a", 1, 1);
  a.prompt_tokens = 100;
  a.cached_tokens = 40;
  a.completion_tokens = 10;
  a.seconds = 2;
  a.turns = 1;
  Observation b = observed(kCheap, "b", 1, 1);
  b.prompt_tokens = 300;
  b.turns = 4;
  const ArmSummary summary = summary_of(table_of({a, b}), kCheap);
  EXPECT_DOUBLE_EQ(summary.prompt_tokens.value, 200);
  EXPECT_DOUBLE_EQ(summary.cached_tokens.value, 20);
  EXPECT_DOUBLE_EQ(summary.completion_tokens.value, 5);
  EXPECT_DOUBLE_EQ(summary.seconds.value, 1);
  EXPECT_DOUBLE_EQ(summary.turns.value, 2.5);
}

TEST(SummaryTest, AllClassesThenEachWithTheArmsThatRanIt) {
  std::vector<Observation> observations = eight_tasks();
  observations.push_back(observed(kDear, "extra", 1, 1, 0, "w"));
  SeededRandom random(1);
  std::vector<std::string> names;
  for (const ArmSummary& summary : summarise(table_of(observations), {}, random)) {
    names.push_back(summary.task_class.value_or("all") + " " + summary.arm.name());
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"all agentic/large", "all instant/small", "w agentic/large",
                                      "x agentic/large", "x instant/small", "y agentic/large",
                                      "y instant/small", "z agentic/large", "z instant/small"}));
}

TEST(NonDominatedTest, AgreesWithAScanOfAllPairs) {
  SeededRandom random(11);
  for (int round = 0; round < 200; ++round) {
    std::vector<PlanePoint> points(random.next() % 12);
    // Few distinct values, so that ties and equal points are common.
    for (PlanePoint& point : points) {
      point = {static_cast<double>(random.next() % 4), static_cast<double>(random.next() % 4)};
    }
    std::vector<bool> expected;
    for (const PlanePoint& point : points) {
      bool dominated = false;
      for (const PlanePoint& other : points) {
        const bool as_good = other.success >= point.success && other.usd <= point.usd;
        dominated |= as_good && (other.success > point.success || other.usd < point.usd);
      }
      expected.push_back(!dominated);
    }
    EXPECT_EQ(non_dominated(points), expected);
  }
}

}  // namespace
}  // namespace pareto::offline
