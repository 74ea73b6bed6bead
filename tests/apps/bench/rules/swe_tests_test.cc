#include "apps/bench/rules/swe_tests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "apps/bench/rules/test_results.h"
#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::HasSubstr;
using Results = std::map<std::string, TestStatus>;
using enum TestStatus;

TEST(TestResultsTest, ReadsPytestAndUnittest) {
  const Results expected{{"t/a.py::test_b", passed},
                         {"t/a.py::test_c[x - y]", failed},
                         {"t/a.py::T::test_d", expected_failure},
                         {"t/a.py::test_e", skipped},
                         {"t/a.py::test_f", failed}};
  EXPECT_EQ(read_test_results("PASSED t/a.py::test_b\nFAILED t/a.py::test_c[x - y]\r\n"
                              "XFAIL t/a.py::T::test_d\nSKIPPED t/a.py::test_e\n"
                              "ERROR t/a.py::test_f - KeyError: 'x'\n1 passed in 0.1s\n"),
            (Results{{"t/a.py::test_b", passed},
                     {"t/a.py::test_c[x", failed},
                     {"t/a.py::T::test_d", expected_failure},
                     {"t/a.py::test_e", skipped},
                     {"t/a.py::test_f", failed}}))
      << "a summary cuts a name at \" - \"";
  EXPECT_EQ(read_test_results(
                "t/a.py::test_b PASSED      [ 20%]\nt/a.py::test_c[x - y] FAILED [ 40%]\n"
                "t/a.py::T::test_d XFAIL (slow)  [ 60%]\nt/a.py::test_e SKIPPED (no db) [ 80%]\n"
                "t/a.py::test_f ERROR   [100%]\n"),
            expected);
  EXPECT_EQ(
      read_test_results("test_b (t.a.T) ... ok\ntest_c (t.a.T.test_c) ... FAIL\n"
                        "test_d (t.a.T) ... skipped 'no db'\ntest_e (t.a.T) ... expected failure\n"
                        "test_f (t.a.T) ... ERROR\n"),
      (Results{{"test_b (t.a.T)", passed},
               {"test_c (t.a.T)", failed},
               {"test_d (t.a.T)", skipped},
               {"test_e (t.a.T)", expected_failure},
               {"test_f (t.a.T)", failed}}));
}

using Names = std::vector<std::string>;

TEST(NotPassedTest, FollowsTheTableOfSweBench) {
  const Results results{{"p", passed}, {"f", failed}, {"s", skipped}, {"x", expected_failure}};
  EXPECT_EQ(not_passed(results, {"p", "x"}, {"p", "x", "s"}), Names());
  EXPECT_EQ(not_passed(results, {"s"}, {}), Names({"s"})) << "it has not begun to pass";
  EXPECT_EQ(not_passed(results, {"p", "gone"}, {"f", "gone too"}),
            Names({"gone", "f", "gone too"}));
}

TEST(NotPassedTest, ANameThatWasCutOffStandsForTheOneThatBeginsSo) {
  const Results results{{"t::a[x y]", passed}, {"t::a[z 1]", passed}, {"t::a[z 2]", passed}};
  EXPECT_EQ(not_passed(results, {"t::a[x"}, {}), Names());
  EXPECT_EQ(not_passed(results, {"t::a[z"}, {}), Names({"t::a[z"})) << "two begin so";
  EXPECT_EQ(not_passed(results, {"t::a"}, {}), Names({"t::a"})) << "a whole name is itself only";
}

constexpr const char* kTestFile =
    "import unittest\nfrom calc import add\n\n\nclass T(unittest.TestCase):\n    def "
    "test_zero(self):\n        self.assertEqual(add(0, 0), 0)\n";
constexpr const char* kTestPatch =
    "diff --git a/test_calc.py b/test_calc.py\n--- a/test_calc.py\n+++ b/test_calc.py\n@@ -5,3 "
    "+5,6 "
    "@@\n class T(unittest.TestCase):\n     def test_zero(self):\n         self.assertEqual(add(0, "
    "0), 0)\n+\n+    def test_sum(self):\n+        self.assertEqual(add(2, 3), 5)";

class SweTestsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
    for (const TempFolder* folder : {&workspace, &snapshot}) {
      folder->write("calc.py", "def add(a, b):\n    return a - b\n");
      folder->write("test_calc.py", kTestFile);
    }
  }
  Result<Scored> score() {
    const Json how = {{"type", "swe_tests"},
                      {"command", "python3 -m unittest -v {tests}"},
                      {"test_patch", patch},
                      {"fail_to_pass", {"test_sum (test_calc.T)"}},
                      {"pass_to_pass", {"test_zero (test_calc.T)"}},
                      {"seconds", 20}};
    EXPECT_TRUE(check_score(dump_json(how)));
    return score_work(dump_json(how), {.workspace = workspace.path(), .snapshot = snapshot.path()},
                      *machine_sandbox(), {});
  }

  TempFolder workspace;
  TempFolder snapshot;
  std::string patch = kTestPatch;
};

TEST_F(SweTestsTest, HiddenTestsDecide) {
  const Scored untouched = score().value();
  EXPECT_EQ(untouched.score, 0.0);
  EXPECT_THAT(untouched.note, HasSubstr("not passed: test_sum (test_calc.T)"));
  workspace.write("calc.py", "def add(a, b):\n    return a + b\n");
  EXPECT_EQ(score().value(), (Scored{1.0, ""}));
}

TEST_F(SweTestsTest, WhatTheAgentMadeOfTheTestsDoesNotCount) {
  workspace.write("test_calc.py",
                  "import os\nprint('test_sum (test_calc.T) ... ok')\nos._exit(0)\n");
  EXPECT_EQ(score().value().score, 0.0);
  std::filesystem::remove(workspace / "test_calc.py");
  workspace.write("calc.py", "def add(a, b):\n    return a + b\n");
  EXPECT_EQ(score().value().score, 1.0);
}

TEST_F(SweTestsTest, ATestPatchThatDoesNotApplyIsAnError) {
  patch.replace(patch.find("test_zero"), 9, "test_none");
  auto found = score();
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr("the test patch does not apply"));
}

TEST(CheckSweTestsTest, NamesTheKeyThatIsWrong) {
  const auto error = [](Json change) {
    Json score = {
        {"type", "swe_tests"}, {"command", "c"}, {"test_patch", ""}, {"fail_to_pass", {"t"}}};
    score.update(change);
    auto checked = check_score(dump_json(score));
    return checked ? "(no error)" : checked.error().message;
  };
  EXPECT_EQ(error(Json::object()), "(no error)");
  EXPECT_THAT(error({{"command", nullptr}}), HasSubstr("\"command\": is required"));
  EXPECT_THAT(error({{"fail_to_pass", Json::array()}}), HasSubstr("\"fail_to_pass\""));
  EXPECT_THAT(error({{"seconds", 0}}), HasSubstr("\"seconds\""));
  EXPECT_THAT(error({{"tests", 1}}), HasSubstr("\"tests\": unknown key"));
}

}  // namespace
}  // namespace pareto
