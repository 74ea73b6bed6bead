#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "apps/bench/suite_check.h"
#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::IsEmpty;

const std::string kSuites = PARETO_SOURCE_DIR "/apps/suites/";

TEST(OwnSuitesTest, MixedMiniHasFifteenTasksOfEachClass) {
  const auto suite = read_suite(kSuites + "mixed-mini");
  ASSERT_TRUE(suite) << suite.error().message;
  std::map<std::string, int> tasks;
  for (const Task& task : suite->tasks) ++tasks[task.label];
  const std::map<std::string, int> expected{
      {"arithmetic", 15}, {"multi-hop", 15}, {"plain", 15}, {"repair", 15}};
  EXPECT_EQ(tasks, expected);
}

TEST(OwnSuitesTest, MixedMiniIsSolvedByItsOracleAndByNothingElse) {
  if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
  const auto suite = read_suite(kSuites + "mixed-mini");
  ASSERT_TRUE(suite) << suite.error().message;
  const TempFolder scratch;
  std::vector<std::size_t> tasks(suite->tasks.size());
  std::iota(tasks.begin(), tasks.end(), 0);
  const auto found = check_suite(*suite, tasks, *machine_sandbox(), scratch.path(), 2, {});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(found->failures, IsEmpty());
  EXPECT_THAT(found->not_checked, IsEmpty());
  EXPECT_EQ(found->tasks, 60);
  EXPECT_EQ(found->oracle_passed, 60);
  EXPECT_EQ(found->null_passed, 60);
}

}  // namespace
}  // namespace pareto
