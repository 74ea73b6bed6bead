#include "tools/test_counts.h"

#include <gtest/gtest.h>

namespace pareto {
namespace {

struct Report {
  const char* output;
  TestCounts counts;
};

class TestCountsTest : public testing::TestWithParam<Report> {};

TEST_P(TestCountsTest, ReadsTheSummary) {
  EXPECT_EQ(count_tests(GetParam().output), GetParam().counts) << GetParam().output;
}

INSTANTIATE_TEST_SUITE_P(
    Runners, TestCountsTest,
    testing::Values(
        Report{"..F\n===== 1 failed, 2 passed, 1 skipped in 0.03s =====\n", {2, 1, 1}},
        Report{"5 passed in 0.10s\n", {5, 0, 0}},
        Report{"= 3 passed, 1 error, 2 warnings in 1.20s =", {3, 1, 0}},
        Report{"\nRan 5 tests in 0.001s\n\nFAILED (failures=1, errors=2, skipped=1)\n", {1, 3, 1}},
        Report{"....\n----\nRan 4 tests in 0.001s\n\nOK\n", {4, 0, 0}},
        Report{"[  PASSED  ] 3 tests.\n[  FAILED  ] 2 tests, listed below:\n", {3, 2, 0}},
        Report{"67% tests passed, 1 tests failed out of 3\n", {2, 1, 0}},
        Report{"test result: ok. 3 passed; 0 failed; 1 ignored\ntest result: FAILED. 1 passed; 2 "
               "failed; 0 ignored\n",
               {4, 2, 1}},
        Report{"=== RUN TestA\n--- PASS: TestA (0.00s)\n--- FAIL: TestB (0.00s)\n", {1, 1, 0}},
        Report{"Tests:       1 failed, 2 skipped, 3 passed, 6 total\n", {3, 1, 2}},
        Report{"  3 passing (5ms)\n  1 failing\n", {3, 1, 0}},
        Report{"1..3\nok 1 - a\nnot ok 2 - b\nok 3\n", {2, 1, 0}}));

TEST(TestCountsTest, FindsNothingInProse) {
  EXPECT_EQ(count_tests("All tests passed in the end.\nRan out of time\n"), std::nullopt);
  EXPECT_EQ(count_tests(""), std::nullopt);
  EXPECT_EQ(count_tests("\xff\xfe"), std::nullopt);
}

TEST(TestCountsTest, TakesTheLastOfSeveralSummaries) {
  EXPECT_EQ(count_tests("= 9 passed in 0.1s =\n= 1 failed, 8 passed in 0.1s =\n"),
            (TestCounts{8, 1, 0}));
}

}  // namespace
}  // namespace pareto
