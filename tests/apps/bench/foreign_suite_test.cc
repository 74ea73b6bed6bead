#include "apps/bench/foreign_suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "apps/bench/suite.h"
#include "apps/bench/suite_check.h"
#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kSums =
    "{\"question\": \"2+3?\", \"answer\": \"#### 5\"}\n{\"question\": \"2*3?\", \"answer\": \"#### "
    "6\"}\n";
constexpr const char* kQuestion =
    R"([{"_id": "h1", "question": "Who?", "answer": "Ada", "supporting_facts": [["Mill", 0]], "context": [["Mill", ["Ada built it."]]]}])";

// Corpora go below a cache folder of the test's own.
class ForeignSuiteTest : public testing::Test {
 protected:
  ForeignSuiteTest() {
    if (const char* before = std::getenv("XDG_CACHE_HOME")) before_ = before;
    setenv("XDG_CACHE_HOME", cache.path().c_str(), 1);
  }
  ~ForeignSuiteTest() override {
    before_ ? setenv("XDG_CACHE_HOME", before_->c_str(), 1) : unsetenv("XDG_CACHE_HOME");
  }
  std::string error(const std::string& name, const std::string& format = "") {
    auto suite = read_suite(folder / name, format);
    if (suite) return "(no error)";
    EXPECT_EQ(suite.error().code, ErrorCode::invalid);
    return suite.error().message;
  }

  TempFolder folder;
  TempFolder cache;

 private:
  std::optional<std::string> before_;
};

TEST_F(ForeignSuiteTest, AFileIsRecognisedByItsForm) {
  folder.write("sums.jsonl", kSums);
  auto suite = read_suite(folder / "sums.jsonl");
  ASSERT_TRUE(suite) << suite.error().message;
  EXPECT_EQ(suite->name, "sums");
  EXPECT_EQ(suite->format, "gsm8k");
  EXPECT_EQ(suite->tasks.size(), 2U);
  EXPECT_TRUE(suite->null_check);
  EXPECT_EQ(suite->oracle, kSolutionOracle);
}

TEST_F(ForeignSuiteTest, ASuiteNamesAFileItsFormatAndDefaults) {
  folder.write("set/data/sums.json",
               std::string("[{\"question\": \"2+3?\", \"answer\": \"#### 5\"}]"));
  folder.write("set/suite.toml",
               "name = \"sums\"\ntasks = \"data/sums.json\"\nformat = \"gsm8k\"\nnull = false\n"
               "oracle = \"echo 5\"\n[defaults.limits]\nturns = 3\n");
  auto suite = read_suite(folder / "set");
  ASSERT_TRUE(suite) << suite.error().message;
  EXPECT_EQ(suite->format, "gsm8k");
  EXPECT_EQ(suite->oracle, "echo 5");
  EXPECT_FALSE(suite->null_check);
  EXPECT_EQ(suite->tasks.at(0).limits.turns, 3);
}

TEST_F(ForeignSuiteTest, ContextsBecomeCorporaNamedByTheirContent) {
  folder.write("qa.json", kQuestion);
  auto suite = read_suite(folder / "qa.json");
  ASSERT_TRUE(suite) << suite.error().message;
  const std::string corpus = suite->tasks.at(0).corpus;
  EXPECT_THAT(corpus, testing::StartsWith(cache.path() + "/pareto/benchmarks/"));
  EXPECT_EQ(cache.read(corpus.substr(cache.path().size() + 1)),
            "{\"id\":\"0\",\"title\":\"Mill\",\"text\":\"Ada built it.\"}\n");
  EXPECT_EQ(read_suite(folder / "qa.json")->hash, suite->hash);
  EXPECT_EQ(read_suite(folder / "qa.json")->tasks, suite->tasks);
}

TEST_F(ForeignSuiteTest, OptionsReachTheReaderAndChangeTheHash) {
  folder.write("set/qa.json", kQuestion);
  folder.write("set/suite.toml", "tasks = \"qa.json\"\n");
  const auto one = read_suite(folder / "set");
  folder.write("set/suite.toml", "tasks = \"qa.json\"\n[reader]\nmetric = \"f1\"\n");
  const auto other = read_suite(folder / "set");
  ASSERT_TRUE(one && other);
  EXPECT_THAT(other->tasks.at(0).score, HasSubstr("hotpot_f1"));
  EXPECT_NE(one->hash, other->hash);
}

TEST_F(ForeignSuiteTest, AnAttachmentComesInAWorkspace) {
  const std::string binary("PK\0\x01", 4);
  folder.write("sheet.xlsx", binary);
  folder.write(
      "metadata.jsonl",
      R"({"task_id": "g", "Question": "q", "Level": 1, "Final answer": "1", "file_name": "sheet.xlsx"})");
  auto suite = read_suite(folder / "metadata.jsonl");
  ASSERT_TRUE(suite) << suite.error().message;
  const std::string workspace = suite->tasks.at(0).workspace;
  EXPECT_EQ(cache.read(workspace.substr(cache.path().size() + 1) + "/sheet.xlsx"), binary);
  std::filesystem::remove(folder / "sheet.xlsx");
  EXPECT_THAT(error("metadata.jsonl"),
              AllOf(HasSubstr("task \"g\": its file"), HasSubstr("sheet")));
}

TEST_F(ForeignSuiteTest, ErrorsNameTheFileTheLineAndTheKey) {
  folder.write("sums.jsonl", std::string(kSums) + "{\"question\": 5, \"answer\": \"#### 5\"}\n");
  EXPECT_THAT(error("sums.jsonl"),
              AllOf(HasSubstr("sums.jsonl (as gsm8k): line 3"), HasSubstr("\"question\"")));
  folder.write("bad.jsonl", std::string(kSums) + "{\n");
  EXPECT_THAT(error("bad.jsonl"), HasSubstr("line 3: not valid JSON"));
  EXPECT_THAT(error("bad.jsonl", "gsm8"), HasSubstr("did you mean \"gsm8k\"?"));
  folder.write("own.jsonl", "{\"id\": \"a\", \"prompt\": \"p\"}\n");
  EXPECT_THAT(error("own.jsonl", "gsm8k"), HasSubstr("\"answer\": is required"));
  folder.write("set/tasks.jsonl", "{\"id\": \"a\", \"prompt\": \"p\"}\n");
  folder.write("set/suite.toml", "[reader]\nseed = 1\n");
  EXPECT_THAT(error("set"), HasSubstr("the table [reader] has no meaning"));
  folder.write("set/suite.toml", "tasks = \"gone.jsonl\"\n");
  EXPECT_THAT(error("set"), AllOf(HasSubstr("\"tasks\": there is no"), HasSubstr("gone.jsonl")));
  folder.write("set/suite.toml", "formt = \"gsm8k\"\n");
  EXPECT_THAT(error("set"), HasSubstr("did you mean \"format\"?"));
}

TEST_F(ForeignSuiteTest, AFolderOfTheAuthorsIsReadAsItIs) {
  folder.write("quix/python_programs/inc.py", "def inc(n):\n    return n\n");
  folder.write("quix/correct_python_programs/inc.py", "def inc(n):\n    return n + 1\n");
  folder.write("quix/json_testcases/inc.json", "[[1], 2]\n");
  folder.write("quix/.git/config", "x");
  auto suite = read_suite(folder / "quix");
  ASSERT_TRUE(suite) << suite.error().message;
  EXPECT_EQ(suite->format, "quixbugs");
  EXPECT_EQ(suite->tasks.at(0).id, "quixbugs-inc");
}

TEST_F(ForeignSuiteTest, SolutionsProveTheTasks) {
  if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
  folder.write("sums.jsonl", kSums);
  auto suite = read_suite(folder / "sums.jsonl");
  ASSERT_TRUE(suite);
  auto check =
      check_suite(*suite, std::vector<std::size_t>{0, 1}, *machine_sandbox(), cache.path(), 1, {});
  ASSERT_TRUE(check) << check.error().message;
  EXPECT_EQ(check->failures, std::vector<std::string>());
  EXPECT_EQ(check->oracle_passed, 2);
  EXPECT_EQ(check->null_passed, 2);
}

TEST_F(ForeignSuiteTest, ARepositoryThatIsNotThereIsNamed) {
  const std::string commit(40, 'a');
  folder.write("own.jsonl", "{\"id\": \"a\", \"prompt\": \"p\", \"workspace\": \"git+clones/x@" +
                                commit + "\"}\n");
  EXPECT_THAT(error("own.jsonl"), HasSubstr(folder.path() + "/clones/x does not exist; clone it"));
  folder.write("own.jsonl", R"({"id": "a", "prompt": "p", "workspace": "git+clones/x@main"})");
  EXPECT_THAT(error("own.jsonl"), HasSubstr("not 40 lower-case hexadecimal digits"));
}

}  // namespace
}  // namespace pareto
