#include "apps/bench/suite_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SuiteCheckTest : public testing::Test {
 protected:
  void SetUp() override {
    if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
  }
  SuiteCheck check(const std::string& path) {
    auto suite = read_suite(path);
    EXPECT_TRUE(suite) << suite.error().message;
    std::vector<std::size_t> tasks(suite->tasks.size());
    std::iota(tasks.begin(), tasks.end(), 0);
    auto checked = check_suite(*suite, tasks, *machine_sandbox(), scratch.path(), jobs,
                               [this](const std::string& task) { said.push_back(task); });
    EXPECT_TRUE(checked) << checked.error().message;
    return *checked;
  }

  TempFolder folder;
  TempFolder scratch;
  std::vector<std::string> said;
  int jobs = 1;
};

TEST_F(SuiteCheckTest, TheDemoIsSolvedByItsOracleAndByNothingElse) {
  const SuiteCheck found = check(PARETO_SOURCE_DIR "/apps/demo");
  EXPECT_THAT(found.failures, IsEmpty());
  EXPECT_THAT(found.not_checked, IsEmpty());
  EXPECT_EQ(found.tasks, 12);
  EXPECT_EQ(found.oracle_passed, 12);
  EXPECT_EQ(found.null_passed, 12);
}

TEST_F(SuiteCheckTest, FindsAnOracleThatFailsAndATaskThatNeedsNoWork) {
  folder.write("suite.toml", "null = true\noracle = \"echo 5\"\n");
  folder.write("tasks.jsonl",
               R"({"id": "right", "prompt": "p", "score": {"type": "number", "answer": 5}}
{"id": "wrong", "prompt": "p", "score": {"type": "number", "answer": 6}}
{"id": "given", "prompt": "p", "score": {"type": "command", "command": "true"}}
{"id": "open", "prompt": "p"}
)");
  const SuiteCheck found = check(folder.path());
  EXPECT_THAT(found.failures, ElementsAre("task wrong: the oracle scored 0, expected 1",
                                          "task given: doing nothing scored 1, expected 0"));
  EXPECT_THAT(found.not_checked, ElementsAre("task open: has no scorer"));
  EXPECT_EQ(found.tasks, 4);
  EXPECT_EQ(found.oracle_passed, 2);
  EXPECT_EQ(found.null_passed, 2);
  EXPECT_FALSE(found.good());
  EXPECT_THAT(said, ElementsAre("right", "wrong", "given", "open"));
  EXPECT_THAT(std::filesystem::is_empty(scratch / "runs"), true);
}

TEST_F(SuiteCheckTest, ManyJobsFindWhatOneFinds) {
  folder.write("suite.toml", "null = true\noracle = \"echo 5\"\n");
  std::string tasks;
  for (int i = 0; i < 12; ++i) {
    tasks += R"({"id": "t)" + std::to_string(i) +
             R"(", "prompt": "p", "score": {"type": "number", "answer": )" +
             std::to_string(i % 3 == 0 ? 6 : 5) + "}}\n";
  }
  folder.write("tasks.jsonl", tasks);
  const SuiteCheck one = check(folder.path());
  jobs = 4;
  const SuiteCheck four = check(folder.path());
  EXPECT_EQ(four.failures, one.failures);
  EXPECT_EQ(four.oracle_passed, 8);
  EXPECT_EQ(four.null_passed, 12);
}

TEST_F(SuiteCheckTest, TheOracleReadsItsOwnFilesWhereverTheSuiteLies) {
  // Below /tmp, which is another one in the sandbox.
  folder.write("suite.toml", "oracle = 'cat \"$PARETO_SUITE/answer\"'\n");
  folder.write("answer", "5\n");
  using std::filesystem::perms;
  std::filesystem::permissions(folder.path(), perms::others_read | perms::others_exec,
                               std::filesystem::perm_options::add);
  folder.write("tasks.jsonl",
               R"({"id": "a", "prompt": "p", "score": {"type": "number", "answer": 5}})");
  EXPECT_THAT(check(folder.path()).failures, IsEmpty());
}

TEST_F(SuiteCheckTest, SaysWhyAnOracleDoesNotScore) {
  folder.write("suite.toml", "oracle = \"echo x > json.py\"\n");
  folder.write(
      "tasks.jsonl",
      R"({"id": "a", "prompt": "p", "score": {"type": "command", "command": "cat json.py"}})");
  EXPECT_THAT(
      check(folder.path()).failures,
      ElementsAre(testing::AllOf(HasSubstr("the oracle scored 0, expected 1 (exit status 1"),
                                 HasSubstr("removed before scoring: json.py"))));
}

TEST_F(SuiteCheckTest, SaysWhatIsNotChecked) {
  folder.write("tasks.jsonl",
               R"({"id": "a", "prompt": "p", "score": {"type": "number", "answer": 5}})");
  EXPECT_THAT(check(folder.path()).not_checked,
              ElementsAre("suite.toml names no oracle", "suite.toml does not say null = true"));
}

TEST_F(SuiteCheckTest, AnOracleThatBreaksIsAFailureOfTheTask) {
  folder.write("suite.toml", "oracle = \"echo no idea >&2; exit 7\"\n");
  folder.write("tasks.jsonl",
               R"({"id": "a", "prompt": "p", "score": {"type": "number", "answer": 5}})");
  const SuiteCheck found = check(folder.path());
  EXPECT_THAT(found.failures,
              ElementsAre(testing::AllOf(HasSubstr("status 7"), HasSubstr("no idea"))));
}

}  // namespace
}  // namespace pareto
