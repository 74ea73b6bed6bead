#include "apps/bench/suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class SuiteTest : public testing::Test {
 protected:
  void header(const std::string& text) { folder.write("set/suite.toml", text); }
  void tasks(const std::string& text) { folder.write("set/tasks.jsonl", text); }
  std::string error() {
    auto suite = read_suite(folder / "set");
    if (suite) return "(no error)";
    EXPECT_EQ(suite.error().code, ErrorCode::invalid);
    return suite.error().message;
  }

  TempFolder folder;
};

TEST_F(SuiteTest, ReadsAFolderAndMergesTheDefaultsIntoEveryTask) {
  header(R"(
name = "demo"
version = "2"
licence = "MIT"
source = "by hand"
oracle = "cat solution"
null = true
[defaults]
class = "math"
[defaults.limits]
usd = "0.02"
turns = 8
[defaults.files]
"setup.cfg" = "[x]"
)");
  tasks(R"({"id": "a", "prompt": "p", "limits": {"turns": 3}}
{"id": "b", "prompt": "q", "class": "other", "files": {"b.txt": "b"}}
)");
  auto suite = read_suite(folder / "set/");
  ASSERT_TRUE(suite) << suite.error().message;
  Task a{.id = "a", .label = "math", .prompt = "p", .files = {{"setup.cfg", "[x]"}}};
  a.limits = {.usd = Money::nanos(20'000'000), .turns = 3};
  Task b{.id = "b", .label = "other", .prompt = "q"};
  b.files = {{"b.txt", "b"}, {"setup.cfg", "[x]"}};
  b.limits = {.usd = Money::nanos(20'000'000), .turns = 8};
  EXPECT_EQ(suite->tasks, (std::vector<Task>{a, b}));
  EXPECT_EQ(suite->name, "demo");
  EXPECT_EQ(suite->version, "2");
  EXPECT_EQ(suite->licence, "MIT");
  EXPECT_EQ(suite->source, "by hand");
  EXPECT_EQ(suite->oracle, "cat solution");
  EXPECT_TRUE(suite->null_check);
  EXPECT_EQ(suite->folder, std::filesystem::canonical(folder / "set").string());
}

TEST_F(SuiteTest, AFileOfTasksIsASuiteOfItsName) {
  folder.write("mine.jsonl", "\n{\"id\": \"a\", \"prompt\": \"p\"}\n\n");
  auto suite = read_suite(folder / "mine.jsonl");
  ASSERT_TRUE(suite) << suite.error().message;
  EXPECT_EQ(suite->name, "mine");
  EXPECT_EQ(suite->tasks, (std::vector<Task>{{.id = "a", .prompt = "p"}}));
  EXPECT_FALSE(suite->null_check);
}

TEST_F(SuiteTest, TheHashFollowsTasksDefaultsAndCorpora) {
  const auto hash = [this] { return read_suite(folder / "set").value().hash; };
  tasks(R"({"id": "a", "prompt": "p", "corpus": "c.jsonl"})");
  folder.write("set/c.jsonl", "{}\n");
  const std::string first = hash();
  EXPECT_EQ(hash(), first);
  folder.write("set/c.jsonl", "{\"text\": \"other\"}\n");
  const std::string second = hash();
  EXPECT_NE(second, first);
  header("[defaults]\nclass = \"x\"\n");
  const std::string third = hash();
  EXPECT_NE(third, second);
  tasks(R"({"id": "a", "prompt": "changed", "corpus": "c.jsonl"})");
  EXPECT_NE(hash(), third);
}

TEST_F(SuiteTest, TheHashFollowsWorkspaces) {
  const auto hash = [this] { return read_suite(folder / "set").value().hash; };
  tasks(R"({"id": "a", "prompt": "p", "workspace": "w"})");
  folder.write("set/w/src/a.c", "int a;\n");
  const std::string first = hash();
  folder.write("set/unused", "x");
  EXPECT_EQ(hash(), first);
  folder.write("set/w/src/a.c", "int b;\n");
  const std::string second = hash();
  EXPECT_NE(second, first);
  std::filesystem::rename(folder / "set/w/src/a.c", folder / "set/w/src/b.c");
  EXPECT_NE(hash(), second);
}

TEST_F(SuiteTest, RefusesAnIdTwice) {
  tasks("{\"id\": \"a\", \"prompt\": \"p\"}\n{\"id\": \"a\", \"prompt\": \"q\"}\n");
  EXPECT_THAT(error(), AllOf(HasSubstr("tasks.jsonl:2"), HasSubstr("\"a\"")));
}

TEST_F(SuiteTest, RefusesWhatIsMissingOnDisk) {
  tasks(R"({"id": "a", "prompt": "p", "corpus": "none.jsonl"})");
  EXPECT_THAT(error(), AllOf(HasSubstr("tasks.jsonl:1"), HasSubstr("none.jsonl")));
  tasks(R"({"id": "a", "prompt": "p", "workspace": "none"})");
  EXPECT_THAT(error(), AllOf(HasSubstr("tasks.jsonl:1"), HasSubstr("/none does not exist")));
}

TEST_F(SuiteTest, NamesTheLineOfAnUnknownKey) {
  tasks("{\"id\": \"a\", \"prompt\": \"p\"}\n{\"id\": \"b\", \"promt\": \"q\"}\n");
  EXPECT_THAT(error(), AllOf(HasSubstr("tasks.jsonl:2"), HasSubstr("promt")));
  tasks(R"({"id": "a", "prompt": "p"})");
  header("name = \"x\"\n\norakle = \"y\"\n");
  EXPECT_THAT(error(), AllOf(HasSubstr("suite.toml:3"), HasSubstr("orakle"),
                             HasSubstr("did you mean \"oracle\"?")));
}

TEST_F(SuiteTest, RefusesValuesOfTheWrongTypeInTheHeader) {
  tasks(R"({"id": "a", "prompt": "p"})");
  header("name = 5\n");
  EXPECT_THAT(error(), AllOf(HasSubstr("suite.toml:1"), HasSubstr("\"name\": expected a text")));
  header("null = \"yes\"\n");
  EXPECT_THAT(error(), HasSubstr("\"null\": expected true or false; found \"yes\""));
  header("name = \"../x\"\n");
  EXPECT_THAT(error(), HasSubstr("without \"/\""));
  header("version = 3\n");
  EXPECT_EQ(read_suite(folder / "set").value().version, "3");
  header("name = \n");
  EXPECT_THAT(error(), HasSubstr("suite.toml:1: not valid TOML"));
}

TEST_F(SuiteTest, RefusesAScorerThatCanNotWork) {
  tasks(R"({"id": "a", "prompt": "p", "score": {"type": "exakt", "answers": ["x"]}})");
  EXPECT_THAT(error(), AllOf(HasSubstr("tasks.jsonl:1"), HasSubstr("task \"a\""),
                             HasSubstr("\"type\""), HasSubstr("exakt")));
  tasks(R"({"id": "a", "prompt": "p", "score": {"type": "exact", "answers": []}})");
  EXPECT_THAT(error(), HasSubstr("\"answers\""));
}

TEST_F(SuiteTest, NamesTheLineThatIsNoJson) {
  tasks("{\"id\": \"a\", \"prompt\": \"p\"}\n\n{\"id\": \"b\",\n");
  EXPECT_THAT(error(), AllOf(HasSubstr("tasks.jsonl:3"), HasSubstr("not valid JSON")));
  tasks("[]\n");
  EXPECT_THAT(error(), AllOf(HasSubstr("tasks.jsonl:1"), HasSubstr("expected a JSON object")));
}

TEST_F(SuiteTest, SaysWhatASuiteIs) {
  EXPECT_THAT(error(), HasSubstr("no such suite"));
  std::filesystem::create_directories(folder / "set");
  EXPECT_THAT(error(), HasSubstr("expected the files suite.toml and tasks.jsonl"));
  tasks("\n\n");
  EXPECT_THAT(error(), HasSubstr("no task in it"));
}

}  // namespace
}  // namespace pareto
