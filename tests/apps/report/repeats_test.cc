#include "apps/report/repeats.h"

#include <cmath>

#include "tests/apps/report/report_fixture.h"

namespace pareto::reporting {
namespace {

using offline::AttemptScore;

std::optional<Repeats> repeats_in(const std::vector<Json>& rows, const std::string& baseline = "") {
  const auto report = report_of(rows, {.baseline = baseline});
  EXPECT_TRUE(report) << report.error().message;
  return report->suites.at(0).repeats;
}

// Scores by repeat, of one task.
void add(std::vector<Json>& rows, const std::string& task, const std::string& mode,
         const std::vector<double>& scores) {
  for (std::size_t i = 0; i < scores.size(); ++i) {
    Json row = row_of(task, mode, scores[i]);
    row["repeat"] = i;
    rows.push_back(row);
  }
}

TEST(RepeatsTest, OneRunOfEachTaskTellsNothing) {
  EXPECT_FALSE(repeats_in({row_of("a", "auto", 1), row_of("b", "auto", 0)}));
}

TEST(RepeatsTest, OneOfKTriesAndAllOfThem) {
  std::vector<Json> rows;
  add(rows, "a", "auto", {1, 0, 0});
  add(rows, "b", "auto", {1, 1, 1});
  add(rows, "c", "auto", {0, 1});       // too few for three
  add(rows, "d", "auto", {0.5, 1, 1});  // graded
  add(rows, "a", "instant", {1});       // never twice
  const auto repeats = repeats_in(rows);
  ASSERT_TRUE(repeats);
  EXPECT_EQ(repeats->ks, (std::vector<std::int64_t>{1, 2, 3}));
  ASSERT_EQ(repeats->arms.size(), 1U);
  // Of pairs of tries of a, two of three pass once; none passes twice.
  const std::vector<AttemptScore> expected{
      {.k = 1,
       .tasks = 3,
       .dropped = 1,
       .at_k = (1.0 / 3 + 1 + 0.5) / 3,
       .hat_k = (1.0 / 3 + 1 + 0.5) / 3},
      {.k = 2, .tasks = 3, .dropped = 1, .at_k = (2.0 / 3 + 1 + 1) / 3, .hat_k = (0 + 1 + 0) / 3.0},
      {.k = 3, .tasks = 2, .dropped = 2, .at_k = 1, .hat_k = 0.5}};
  ASSERT_EQ(repeats->arms[0].attempts.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const AttemptScore& found = repeats->arms[0].attempts[i];
    EXPECT_EQ(found.tasks, expected[i].tasks);
    EXPECT_EQ(found.dropped, expected[i].dropped);
    EXPECT_NEAR(found.at_k, expected[i].at_k, 1e-12);
    EXPECT_NEAR(found.hat_k, expected[i].hat_k, 1e-12);
  }
}

TEST(RepeatsTest, TheMostRunsAreAmongTheTriesWithoutARowForEachNumber) {
  std::vector<Json> rows;
  add(rows, "a", "auto", std::vector<double>(11, 1));
  EXPECT_EQ(repeats_in(rows)->ks, (std::vector<std::int64_t>{1, 2, 4, 8, 11}));
}

TEST(RepeatsTest, SeedsAndTheShareOfTheErrorThatTheyMake) {
  std::vector<Json> rows;
  add(rows, "a", "auto", {1, 0});
  add(rows, "b", "auto", {1, 1});
  add(rows, "a", "instant", {0, 0});
  add(rows, "b", "instant", {0, 0});
  const auto repeats = repeats_in(rows);
  ASSERT_TRUE(repeats);
  const ArmRepeats& arm = repeats->arms.at(0);
  EXPECT_EQ(arm.seeds.seeds, 2);
  EXPECT_EQ(arm.seeds.tasks, 2);
  EXPECT_DOUBLE_EQ(arm.seeds.mean, 0.75);
  EXPECT_NEAR(arm.seeds.deviation, std::sqrt(0.125), 1e-12);  // of 1 and 0.5
  // Means 0.5 and 1 vary by 0.125; the mean of a's tries by 0.25, b's by 0: 0.125 on average.
  EXPECT_NEAR(*arm.split.repeats_part, 0.125, 1e-12);
  EXPECT_NEAR(*arm.split.tasks_part, 0, 1e-12);
  ASSERT_TRUE(repeats->suite);
  EXPECT_NEAR(repeats->suite->signal, 0.75 / std::sqrt(2), 1e-12);
}

TEST(RepeatsTest, ChoosingByTheFirstRepeatIsJudgedByTheOthers) {
  std::vector<Json> rows;
  const auto arm = [&rows](const std::string& mode, std::vector<double> a, std::vector<double> b) {
    add(rows, "a", mode, a);
    add(rows, "b", mode, b);
  };
  arm("agentic", {1, 1, 1}, {1, 0, 0});    // first 1, later 0.5
  arm("instant", {0, 1, 1}, {0, 1, 1});    // first 0, later 1: the first repeat misleads
  arm("reasoning", {1, 0, 0}, {0, 0, 0});  // first 0.5, later 0
  const auto repeats = repeats_in(rows, "reasoning");
  ASSERT_TRUE(repeats);
  ASSERT_EQ(repeats->selections.size(), 2U);
  EXPECT_EQ(repeats->selections[0].k, 2);
  EXPECT_EQ(repeats->selections[0].top.best, 0.5);
  EXPECT_EQ(repeats->selections[0].top.worst, 0);
  EXPECT_DOUBLE_EQ(*repeats->selections[0].top.sharpe_ratio, 0.5 / 0.25);
  EXPECT_EQ(repeats->selections[1].top.best, 1);
  EXPECT_TRUE(repeats_in(rows)->selections.empty()) << "without a baseline";
}

}  // namespace
}  // namespace pareto::reporting
