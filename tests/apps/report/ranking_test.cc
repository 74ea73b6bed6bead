#include "apps/report/ranking.h"

#include <cmath>

#include "tests/apps/report/report_fixture.h"

namespace pareto::reporting {
namespace {

std::optional<Ranking> ranking_in(const std::vector<Json>& rows) {
  const auto report = report_of(rows);
  EXPECT_TRUE(report) << report.error().message;
  return report->suites.at(0).ranking;
}

TEST(RankingTest, IsOfThreeArmsToTwoHundred) {
  std::vector<Json> rows{row_of("a", "m0", 1), row_of("a", "m1", 0)};
  EXPECT_FALSE(ranking_in(rows));
  for (int i = 2; i < 200; ++i) rows.push_back(row_of("a", "m" + std::to_string(i), i % 2));
  EXPECT_TRUE(ranking_in(rows));
  rows.push_back(row_of("a", "one more", 1));
  EXPECT_FALSE(ranking_in(rows));
}

TEST(RankingTest, AnArmThatRanTheHardTasksOnlyIsNotTheWorst) {
  std::vector<Json> rows;
  const auto add = [&rows](const std::string& mode, int from, int to, auto passes) {
    for (int i = from; i < to; ++i) {
      rows.push_back(row_of("t" + std::to_string(i), mode, passes(i) ? 1 : 0));
    }
  };
  // The last ten are hard. `specialist` passes half of them, `good` a fifth and `weak` none.
  add("good", 0, 20, [](int i) { return i < 10 || i % 5 == 0; });
  add("weak", 0, 20, [](int i) { return i < 8; });
  add("specialist", 10, 20, [](int i) { return i % 2 == 0; });
  const auto ranking = ranking_in(rows);
  ASSERT_TRUE(ranking);
  ASSERT_EQ(ranking->fit.arms.size(), 3U);
  EXPECT_EQ(ranking->fit.arms[0].arm.mode, "specialist");
  EXPECT_EQ(ranking->fit.arms[2].arm.mode, "weak");
  for (std::size_t i = 0; i < 3; ++i) {
    const offline::Ability& arm = ranking->fit.arms[i];
    EXPECT_NEAR(ranking->intervals[i].high - arm.ability, 1.959964 * arm.standard_error, 1e-5);
    EXPECT_NEAR(arm.ability - ranking->intervals[i].low, 1.959964 * arm.standard_error, 1e-5);
  }
  EXPECT_TRUE(ranking->tells());
}

}  // namespace
}  // namespace pareto::reporting
