#include "apps/report/seeking.h"

#include "tests/apps/report/report_fixture.h"

namespace pareto::reporting {
namespace {

Json seeker(const std::string& task, int repeat, const Json& obtained, int actions) {
  Json row = row_of(task, "agentic", 1);
  row["repeat"] = repeat;
  row["entities"] = {
      {"required", {"a", "b", "c", "d"}}, {"obtained", obtained}, {"actions", actions}};
  return row;
}

std::vector<ArmSeeking> seeking_in(const std::vector<Json>& rows) {
  const auto report = report_of(rows);
  EXPECT_TRUE(report) << report.error().message;
  return report->suites.at(0).seeking;
}

TEST(SeekingTest, IsOnlyOfRowsThatNameRequiredPassages) {
  Json none = row_of("b", "auto", 1);
  none["entities"] = nullptr;
  Json empty = row_of("c", "auto", 1);
  empty["entities"] = {{"required", Json::array()}, {"obtained", Json::array()}, {"actions", 3}};
  EXPECT_TRUE(seeking_in({row_of("a", "auto", 1), none, empty}).empty());
}

TEST(SeekingTest, MeansOverTasksWithRepeatsAveraged) {
  Json error = seeker("u", 1, {"a"}, 1);
  error["status"] = "error";
  error["score"] = nullptr;
  // t: ISR 1/2 and 1, ISE 4/8 and 4/2; u: 1/4 (what was not required is not counted) and 4/4.
  const auto found =
      seeking_in({seeker("t", 0, {"a", "b"}, 8), seeker("t", 1, {"a", "b", "c", "d"}, 2),
                  seeker("u", 0, {"c", "z"}, 4), error, row_of("v", "auto", 1)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].arm.mode, "agentic");
  EXPECT_EQ(found[0].tasks, 2);
  EXPECT_EQ(found[0].runs, 3);
  EXPECT_DOUBLE_EQ(found[0].isr.value, (0.75 + 0.25) / 2);
  EXPECT_DOUBLE_EQ(found[0].ise.value, (1.25 + 1) / 2);
  ASSERT_TRUE(found[0].isr.interval);
  EXPECT_GT(found[0].isr.interval->low, 0);
  EXPECT_LT(found[0].isr.interval->high, 1);
}

TEST(SeekingTest, ARunThatNeverActedFoundNothingEfficiently) {
  const auto found = seeking_in({seeker("t", 0, Json::array(), 0)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].isr.value, 0);
  EXPECT_EQ(found[0].ise.value, 0);
}

TEST(SeekingTest, EntitiesThatAreNoneAreNamed) {
  for (const Json& bad : {Json("x"), Json{{"required", 3}}, Json{{"required", {1}}},
                          Json{{"required", {"a"}}, {"actions", "many"}}}) {
    Json row = row_of("a", "auto", 1);
    row["entities"] = bad;
    const auto report = report_of({row});
    ASSERT_FALSE(report) << bad;
    EXPECT_NE(report.error().message.find("entities"), std::string::npos) << report.error().message;
  }
}

}  // namespace
}  // namespace pareto::reporting
