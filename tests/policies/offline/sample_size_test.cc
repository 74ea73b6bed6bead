#include "policies/offline/sample_size.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/policies/offline/observations.h"

namespace pareto::offline {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

SamplePlan planned(Metric metric, double effect) {
  return plan_sample(table_of(eight_tasks()), kCheap, kDear, metric, effect).value();
}

// scipy: (stats.norm.ppf(.975) + stats.norm.ppf(.8)) ** 2 * v / d ** 2 for (v, d) of (.2, .05),
// (.5, .1), (.2, log(.8)): 627.91, 392.44, 31.53
TEST(SampleSizeTest, TasksNeeded) {
  EXPECT_EQ(tasks_needed(0.2, 0.05, 0.95, 0.8), 628);
  EXPECT_EQ(tasks_needed(0.5, 0.1, 0.95, 0.8), 393);
  EXPECT_EQ(tasks_needed(0.2, std::log(0.8), 0.95, 0.8), 32);
  EXPECT_EQ(tasks_needed(0, 0.1, 0.95, 0.8), 2);
}

TEST(SampleSizeTest, PlansFromTheVarianceOfThePilot) {
  const SamplePlan success = planned(Metric::success, 0.1);
  EXPECT_EQ(success.pilot_tasks, 8);
  EXPECT_NEAR(success.paired_variance, 3 * 0.625 / 8, 0.04);  // 3 of 8 differ: 0.2679
  EXPECT_EQ(success.paired_tasks, tasks_needed(success.paired_variance, 0.1, 0.95, 0.8));
  EXPECT_GT(success.unpaired_tasks, success.paired_tasks);
  const SamplePlan cost = planned(Metric::log_cost, 0.2);
  EXPECT_LT(cost.paired_tasks, cost.unpaired_tasks);
  EXPECT_LT(planned(Metric::log_cost, 0.5).paired_tasks, cost.paired_tasks);
}

// The plan for a cost-of-pass ratio uses the variance whose interval the comparison shows.
TEST(SampleSizeTest, CostOfPassAgreesWithTheDeltaInterval) {
  const SamplePlan plan = planned(Metric::cost_of_pass, 0.3);
  SeededRandom random(1);
  const Comparison comparison = compare(table_of(eight_tasks()), kCheap, kDear, {}, random).value();
  const double half = std::log(comparison.cost->cost_of_pass_delta->high /
                               comparison.cost->cost_of_pass_ratio.value);
  const double error = half / 2.364624251592784;  // scipy.stats.t.ppf(.975, 7)
  EXPECT_NEAR(plan.paired_variance, 8 * error * error, 1e-9);
}

TEST(SampleSizeTest, MoreRepeatsShrinkOnlyTheirPart) {
  std::vector<Observation> observations;
  for (int task = 0; task < 6; ++task) {
    for (int repeat = 0; repeat < 2; ++repeat) {
      const std::string name = std::to_string(task);
      observations.push_back(observed(kCheap, name, task % 2 == 0 ? 1 : repeat, 1, repeat));
      observations.push_back(observed(kDear, name, 1, 1, repeat));
    }
  }
  const ResultTable table = table_of(observations);
  const auto variance = [&](double repeats) {
    return plan_sample(table, kCheap, kDear, Metric::success, 0.1, {.repeats = repeats})
        ->paired_variance;
  };
  // Half of the tasks have s^2 / 2 = 0.25: repeats make 0.125; means of 0 and -0.5: 0.075 in all.
  EXPECT_NEAR(variance(1), 0.075, 1e-12);
  EXPECT_NEAR(variance(5), 0.025, 1e-12);
}

TEST(SampleSizeTest, SaysWhatIsMissing) {
  const ResultTable table = table_of(eight_tasks());
  const auto error = [&](const ArmId& arm, double effect, PlanOptions options) {
    return plan_sample(table, arm, kDear, Metric::success, effect, options).error().message;
  };
  EXPECT_THAT(error(kCheap, 0, {}), HasSubstr("between 0 and 1"));
  EXPECT_THAT(error(kCheap, NAN, {}), HasSubstr("between 0 and 1"));
  EXPECT_THAT(error({"no", "arm"}, 0.1, {}), HasSubstr("'no/arm'"));
  EXPECT_THAT(error(kCheap, 0.1, {.repeats = 2}), HasSubstr("pilot with repeats"));
  const ResultTable one = table_of({observed(kCheap, "a", 1, 1), observed(kDear, "a", 1, 1)});
  EXPECT_THAT(plan_sample(one, kCheap, kDear, Metric::log_cost, 0.1).error().message,
              HasSubstr("found 1"));
}

TEST(VarianceSplitTest, AdvisesByWhatIsLarger) {
  const std::vector<TaskMoment> tasks{{0, 0.01}, {1, 0.03}, {0.5, std::nullopt}};
  const VarianceSplit split = split_variance(tasks);
  EXPECT_DOUBLE_EQ(split.total, 0.25);
  EXPECT_DOUBLE_EQ(*split.repeats_part, 0.02);
  EXPECT_DOUBLE_EQ(*split.tasks_part, 0.23);
  EXPECT_EQ(split.advice, "more tasks: repeats make only 8 % of the variance");
  EXPECT_EQ(split_variance(std::vector<TaskMoment>{{0, 0.5}, {1, 0.5}}).advice,
            "more repeats: they make 100 % of the variance");
  EXPECT_THAT(split_variance(std::vector<TaskMoment>{{0}, {1}}).advice, HasSubstr("unknown"));
  EXPECT_THAT(split_variance({}).advice, StartsWith("more tasks"));
}

}  // namespace
}  // namespace pareto::offline
