#include "apps/bench/scorer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string error_of(const Json& score) {
  auto checked = check_score(dump_json(score));
  return checked ? "(no error)" : checked.error().message;
}

TEST(CheckScoreTest, NamesTheKeyThatIsWrong) {
  const std::vector<std::pair<Json, std::string>> cases = {
      {{{"type", "exact"}}, "\"answers\""},
      {{{"type", "f1"}, {"answers", Json::array({1})}}, "\"answers\""},
      {{{"type", "f1"}, {"answers", {"x"}}, {"answer", "x"}}, "\"answer\": unknown key"},
      {{{"type", "number"}}, "\"answer\": is required"},
      {{{"type", "number"}, {"answer", "about 5"}}, "\"answer\""},
      {{{"type", "number"}, {"answer", 5}, {"tolerance", -1}}, "\"tolerance\""},
      {{{"type", "choice"}, {"answer", "CORRECT"}}, "\"answer\""},
      {{{"type", "regex"}, {"pattern", "(unclosed"}}, "\"pattern\""},
      {{{"type", "regex"}, {"pattern", "(?=ahead)x"}}, "\"pattern\""},
      {{{"type", "schema"}, {"schema", {{"type", "strnig"}}}}, "\"schema\""},
      {{{"type", "command"}}, "\"command\""},
      {{{"type", "command"}, {"command", "true"}, {"seconds", 0}}, "\"seconds\""},
      {{{"type", "command"}, {"command", "true"}, {"expect_tests", "3"}}, "\"expect_tests\""},
      {{{"type", "command"}, {"command", "true"}, {"expect_tests", -1}}, "\"expect_tests\""},
      {{{"type", "command"}, {"command", "true"}, {"expect_output", "("}}, "\"expect_output\""},
      {{{"type", "command"}, {"command", "true"}, {"files", {{"../x", ""}}}}, "\"files\""},
      {{{"type", "command"}, {"command", "true"}, {"files", {{"/etc/x", ""}}}}, "\"files\""},
      {{{"type", "command"}, {"command", "true"}, {"files", {{"x", 1}}}}, "\"files\""},
      {{{"answers", {"x"}}}, "\"type\": is required"},
      {{{"type", "exakt"}}, "unknown scorer \"exakt\""},
      {Json::array(), "expected a JSON object"},
  };
  for (const auto& [score, expected] : cases) {
    EXPECT_THAT(error_of(score), HasSubstr(expected)) << dump_json(score);
  }
  EXPECT_TRUE(check_score("")) << "no scorer is no error";
  EXPECT_FALSE(check_score("{"));
}

class ScorerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
  }
  double score(const Json& how, const std::string& answer = "") {
    auto checked = check_score(dump_json(how));
    EXPECT_TRUE(checked) << checked.error().message;
    auto found =
        score_work(dump_json(how),
                   {.answer = answer, .workspace = workspace.path(), .snapshot = snapshot.path()},
                   *machine_sandbox(), {});
    if (!found || !*found) {
      ADD_FAILURE() << (found ? "no score" : found.error().message);
      return -1;
    }
    return **found;
  }

  TempFolder workspace;
  TempFolder snapshot;
};

TEST_F(ScorerTest, ScoresAnswersByType) {
  const Json exact = {{"type", "exact"}, {"answers", {"Tarn", "Lot"}}};
  EXPECT_EQ(score(exact, "the Tarn."), 1);
  EXPECT_EQ(score(exact, "Tarn and Lot"), 0);
  const Json f1 = {{"type", "f1"}, {"answers", {"white goat"}}};
  EXPECT_DOUBLE_EQ(score(f1, "goat"), 2.0 / 3);
  const Json number = {{"type", "number"}, {"answer", 61}};
  EXPECT_EQ(score(number, "So 310 are sold and 61 left."), 1);
  EXPECT_EQ(score(number, "62"), 0);
  EXPECT_EQ(score(number, "none"), 0);
  EXPECT_EQ(score(number, "nan"), 0);
  const Json rough = {{"type", "number"}, {"answer", "2.50"}, {"tolerance", 0.1}};
  EXPECT_EQ(score(rough, "2.59"), 1);
  EXPECT_EQ(score(rough, "2.7"), 0);
  const Json choice = {{"type", "choice"}, {"answer", "c"}};
  EXPECT_EQ(score(choice, "The answer is (C)."), 1);
  EXPECT_EQ(score(choice, "CORRECT"), 0);
  const Json regex = {{"type", "regex"}, {"pattern", "^v\\d+$"}};
  EXPECT_EQ(score(regex, "v12"), 1);
  EXPECT_EQ(score(regex, "v12b"), 0);
  const Json schema = {{"type", "schema"},
                       {"schema", {{"type", "object"}, {"required", {"name"}}}}};
  EXPECT_EQ(score(schema, R"({"name": 1})"), 1);
  EXPECT_EQ(score(schema, R"({"nam": 1})"), 0);
  EXPECT_EQ(score(schema, "no json"), 0);
  EXPECT_EQ(score(schema, std::string(100'000, '[')), 0) << "deep JSON is no crash";
}

TEST_F(ScorerTest, NoScorerIsNoScore) {
  auto found = score_work("", {}, *machine_sandbox(), {});
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, std::nullopt);
}

TEST_F(ScorerTest, AHiddenFileWinsOverAPlantedOne) {
  workspace.write("hidden.py", "raise SystemExit(0)\n");
  workspace.write("gcd.py", "def gcd(a, b): return 1\n");
  const Json how = {{"type", "command"},
                    {"command", "python3 hidden.py"},
                    {"files", {{"hidden.py", "from gcd import gcd\nassert gcd(6, 4) == 2\n"}}}};
  EXPECT_EQ(score(how), 0);
  workspace.write("gcd.py", "def gcd(a, b):\n  return gcd(b, a % b) if b else a\n");
  EXPECT_EQ(score(how), 1);
  EXPECT_EQ(workspace.read("hidden.py"), "raise SystemExit(0)\n") << "a copy is scored";
}

TEST_F(ScorerTest, AHiddenFileDoesNotFollowAPlantedLink) {
  std::filesystem::create_symlink("/etc/passwd", workspace / "hidden.py");
  std::filesystem::create_symlink(snapshot.path(), workspace / "tests");
  const Json how = {{"type", "command"},
                    {"command", "python3 hidden.py && test -f tests/t.txt"},
                    {"files", {{"hidden.py", "print('ran')\n"}, {"tests/t.txt", "x"}}},
                    {"expect_output", "ran"}};
  EXPECT_EQ(score(how), 1);
  EXPECT_FALSE(snapshot.has("t.txt"));
}

TEST_F(ScorerTest, PlantedPythonHooksDoNotRun) {
  const std::string pass = "import os\nprint('PLANTED', flush=True)\nos._exit(0)\n";
  for (const char* name : {"conftest.py", "sitecustomize.py", "usercustomize.py", "unittest.py"}) {
    workspace.write(name, pass);
  }
  workspace.write("work.py", "def answer(): return 0\n");
  const Json how = {{"type", "command"},
                    {"command", "PYTHONPATH=. python3 -m unittest -q hidden"},
                    {"files",
                     {{"hidden.py",
                       "import unittest, work\nclass T(unittest.TestCase):\n"
                       "  def test(self): self.assertEqual(work.answer(), 42)\n"}}}};
  EXPECT_EQ(score(how), 0);
  workspace.write("work.py", "def answer(): return 42\n");
  EXPECT_EQ(score(how), 1);
}

TEST_F(ScorerTest, ExpectedTestsNeedEvidence) {
  Json how = {{"type", "command"},
              {"command", "python3 -m unittest hidden"},
              {"expect_tests", 2},
              {"files",
               {{"hidden.py",
                 "import unittest, work\nclass T(unittest.TestCase):\n"
                 "  def test_a(self): pass\n  def test_b(self): pass\n"}}}};
  workspace.write("work.py", "");
  EXPECT_EQ(score(how), 1);
  workspace.write("work.py", "import os\nos._exit(0)\n");
  EXPECT_EQ(score(how), 0) << "exit status 0, but no test ran";
  workspace.write("work.py", "");
  how["expect_tests"] = 3;
  EXPECT_EQ(score(how), 0);
  how["expect_tests"] = 2;
  how["files"]["hidden.py"] =
      "import unittest\nclass T(unittest.TestCase):\n  def test_a(self): pass\n"
      "  @unittest.skip('x')\n  def test_b(self): pass\n";
  EXPECT_EQ(score(how), 0) << "a skipped test did not run";
}

TEST_F(ScorerTest, ExpectedOutputIsSearchedIn) {
  Json how = {
      {"type", "command"}, {"command", "echo total: 42"}, {"expect_output", "(?m)^total: 42$"}};
  EXPECT_EQ(score(how), 1);
  how["expect_output"] = "total: 43";
  EXPECT_EQ(score(how), 0);
  how = {{"type", "command"}, {"command", "echo 42; exit 3"}, {"expect_output", "42"}};
  EXPECT_EQ(score(how), 0) << "the exit status counts as well";
}

TEST_F(ScorerTest, ABadPatternInTheOutputIsNoCrash) {
  const Json how = {{"type", "command"},
                    {"command", "head -c 100000 /dev/urandom"},
                    {"expect_output", "never there, I trust"}};
  EXPECT_EQ(score(how), 0);
}

TEST_F(ScorerTest, AHangAndEndlessOutputAreBounded) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(score({{"type", "command"}, {"command", "sleep 1000 & sleep 1000"}, {"seconds", 0.5}}),
            0);
  EXPECT_EQ(score({{"type", "command"},
                   {"command", "head -c 1000000000 /dev/zero"},
                   {"seconds", 5},
                   {"expect_output", "never"}}),
            0);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
}

TEST_F(ScorerTest, ACommandCanNotChangeTheWorkspaceOfTheRun) {
  workspace.write("a.txt", "as it was");
  EXPECT_EQ(score({{"type", "command"}, {"command", "echo changed > a.txt"}}), 1);
  EXPECT_EQ(workspace.read("a.txt"), "as it was");
}

TEST_F(ScorerTest, AWorkspaceThatIsGoneIsNoVerdict) {
  auto found = score_work(R"({"type": "command", "command": "true"})",
                          {.workspace = workspace / "gone"}, *machine_sandbox(), {});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace pareto
