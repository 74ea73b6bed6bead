#include "policies/offline/result_table.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "tests/policies/offline/observations.h"

namespace pareto::offline {
namespace {

using ::testing::HasSubstr;

std::string error_of(const std::vector<Observation>& observations) {
  const auto table = ResultTable::from(observations);
  return table ? "" : table.error().message;
}

TEST(ResultTableTest, SumsTheRunsOfACell) {
  Observation first = observed(kCheap, "a", 0.5, 2, 0);
  first.prompt_tokens = 10;
  first.turns = 2;
  Observation second = observed(kCheap, "a", 1, 0.5, 1);
  second.seconds = 1.5;
  second.billed_cost.reset();
  const ResultTable table = table_of({second, first});
  Cell expected{.runs = 2, .counted = 2, .graded = 1, .successes = 1.5, .success_squares = 1.25};
  const double log2 = std::log(2.0);
  expected.costs = {CostSum{dollars(2.5), 0, 2, log2 + std::log(0.5), 2 * log2 * log2},
                    CostSum{dollars(2), 1, 1, log2, log2 * log2},
                    CostSum{dollars(2.5), 0, 2, log2 + std::log(0.5), 2 * log2 * log2}};
  expected.prompt_tokens = 10;
  expected.seconds = 1.5;
  expected.turns = 2;
  EXPECT_EQ(table.cell(0, 0), expected);
  EXPECT_TRUE(table.cell(0, 0).priced(CostView::list));
  EXPECT_FALSE(table.cell(0, 0).priced(CostView::billed));
}

TEST(ResultTableTest, TheOrderOfRowsDoesNotMatter) {
  std::vector<Observation> observations = eight_tasks();
  const ResultTable table = table_of(observations);
  std::ranges::reverse(observations);
  EXPECT_EQ(table_of(observations), table);
  EXPECT_EQ(table.arms(), (std::vector<ArmId>{kDear, kCheap}));
  EXPECT_EQ(table.find(kCheap), 1U);
  EXPECT_EQ(table.find({"auto", "small"}), std::nullopt);
}

TEST(ResultTableTest, AMissingCellHasNoRuns) {
  const ResultTable table = table_of({observed(kCheap, "b", 1, 1), observed(kDear, "a", 1, 1)});
  EXPECT_EQ(table.cell(0, 1), Cell());
  EXPECT_EQ(table.cell(1, 0), Cell());
  EXPECT_EQ(table.cell(1, 1).runs, 1);
}

TEST(ResultTableTest, AnInfrastructureErrorIsAFailureUnlessItIsLeftOut) {
  const std::vector<Observation> observations{observed(kCheap, "a", 1, 1, 0),
                                              broken(kCheap, "a", 1)};
  const Cell counted = table_of(observations).cell(0, 0);
  EXPECT_EQ(counted.counted, 2);
  EXPECT_EQ(counted.cost(CostView::list).total, dollars(1.5));
  const Cell left = ResultTable::from(observations, InfrastructureErrors::leave_out)->cell(0, 0);
  EXPECT_EQ(left.runs, 2);
  EXPECT_EQ(left.errors, 1);
  EXPECT_EQ(left.counted, 1);
  EXPECT_EQ(left.cost(CostView::list).total, dollars(1));
}

TEST(ResultTableTest, WithoutAScoreTheEndingDecides) {
  Observation observation = observed(kCheap, "a", 1, 1);
  observation.score.reset();
  EXPECT_EQ(success_of(observation), 1);
  observation.ending = Ending::failure;
  EXPECT_EQ(success_of(observation), 0);
  observation.score = 0.25;
  EXPECT_EQ(success_of(observation), 0.25);
  observation.ending = Ending::infrastructure_error;
  EXPECT_EQ(success_of(observation), 0);
}

TEST(ResultTableTest, OneClassKeepsItsTasksAndAllArms) {
  const ResultTable table = table_of(eight_tasks());
  EXPECT_EQ(table.classes(), (std::vector<std::string>{"x", "y", "z"}));
  const ResultTable part = table.of_class("z");
  EXPECT_EQ(part.arms(), table.arms());
  EXPECT_EQ(part.tasks(), (std::vector<TaskOfTable>{{"t6", "z"}, {"t7", "z"}}));
  EXPECT_EQ(part.cell(1, 1), table.cell(1, 7));
  EXPECT_TRUE(table.of_class("no such").tasks().empty());
}

TEST(ResultTableTest, RefusesWhatMakesNoSense) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(error_of({observed(kCheap, "a", 1.5, 1)}), HasSubstr("expected a score from 0 to 1"));
  EXPECT_THAT(error_of({observed(kCheap, "a", nan, 1)}), HasSubstr("expected a score from 0 to 1"));
  EXPECT_THAT(error_of({observed(kCheap, "a", 1, -1)}), HasSubstr("found -1"));
  Observation slow = observed(kCheap, "a", 1, 1);
  slow.seconds = nan;
  EXPECT_THAT(error_of({slow}), HasSubstr("task 'a', arm 'instant/small', repeat 0"));
  slow.seconds = std::numeric_limits<double>::infinity();
  EXPECT_THAT(error_of({slow}), HasSubstr("at least 0"));
  EXPECT_THAT(error_of({observed(kCheap, "a", 1, 1), observed(kCheap, "a", 0, 1)}),
              HasSubstr("found two"));
  EXPECT_THAT(error_of({observed(kCheap, "a", 1, 1, 0, "x"), observed(kDear, "a", 0, 1, 0, "y")}),
              HasSubstr("expected one class"));
}

TEST(ResultTableTest, NothingGivesAnEmptyTable) {
  const ResultTable table = table_of({});
  EXPECT_TRUE(table.arms().empty());
  EXPECT_TRUE(table.tasks().empty());
}

}  // namespace
}  // namespace pareto::offline
