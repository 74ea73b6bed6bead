#include "apps/system/task_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class TaskFileTest : public testing::Test {
 protected:
  std::string error(const std::string& text) {
    folder.write("task.json", text);
    auto task = task_from_file(folder / "task.json");
    if (task) return "(no error)";
    EXPECT_EQ(task.error().code, ErrorCode::invalid);
    EXPECT_THAT(task.error().message, HasSubstr(folder / "task.json"));
    return task.error().message;
  }

  TempFolder folder;
};

TEST_F(TaskFileTest, ReadsATaskWithPathsFromItsFolder) {
  folder.write("task.json", R"({"id": "gcd", "class": "repair", "prompt": "Fix it.",
    "files": {"a/gcd.py": "x"}, "workspace": "repo", "corpus": "../c.jsonl", "tools": ["view"],
    "verify": {"command": "python3 t.py", "seconds": 2.5}, "score": {"type": "regex", "pattern": "x"},
    "limits": {"turns": 20, "usd": "0.05", "seconds": 300}, "sensitive": true,
    "metadata": {"source": "here"}})");
  auto task = task_from_file(folder / "task.json");
  ASSERT_TRUE(task) << task.error().message;
  Task expected{.id = "gcd", .label = "repair", .prompt = "Fix it."};
  expected.files = {{"a/gcd.py", "x"}};
  expected.workspace = folder / "repo";
  expected.corpus = (std::filesystem::path(folder.path()).parent_path() / "c.jsonl").string();
  expected.tools = {"view"};
  expected.verify = CheckCommand{"python3 t.py", Milliseconds(2'500)};
  expected.score = R"({"type":"regex","pattern":"x"})";
  expected.limits = {
      .usd = Money::nanos(50'000'000), .turns = 20, .seconds = Milliseconds(300'000)};
  expected.sensitive = true;
  expected.metadata = R"({"source":"here"})";
  EXPECT_EQ(*task, expected);
}

TEST_F(TaskFileTest, AMissingFileIsNamed) {
  auto task = task_from_file(folder / "none.json");
  ASSERT_FALSE(task);
  EXPECT_THAT(task.error().message, AllOf(HasSubstr("none.json"), HasSubstr("No such file")));
  EXPECT_FALSE(task_from_file(folder.path())) << "a folder is no file";
}

TEST_F(TaskFileTest, NamesLineAndColumnOfWhatIsNoJson) {
  EXPECT_THAT(error("{\"id\": \"a\",\n  \"prompt\" \"p\"}"),
              HasSubstr("not valid JSON at line 2, column 14"));
  EXPECT_THAT(error(""), HasSubstr("not valid JSON at line 1"));
  EXPECT_THAT(error("{\"id\": \"\xff\"}"), HasSubstr("not valid JSON at line 1"));
  EXPECT_THAT(error(std::string(1'000'000, '[')), HasSubstr("levels deep"));
}

TEST_F(TaskFileTest, NamesTheKeyThatIsWrong) {
  EXPECT_THAT(error("[]"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(error(R"({"id": "a"})"), HasSubstr("\"prompt\": is required"));
  EXPECT_THAT(error(R"({"id": "", "prompt": "p"})"), HasSubstr("\"id\": must not be empty"));
  EXPECT_THAT(error(R"({"id": "a", "prompt": "p", "verfy": {}})"),
              AllOf(HasSubstr("\"verfy\": unknown key"), HasSubstr("verify")));
  EXPECT_THAT(error(R"({"id": 1, "prompt": "p"})"),
              HasSubstr("\"id\": expected a string; found number"));
  EXPECT_THAT(error(R"({"id": "a", "prompt": "p", "limits": {"usd": 0.05}})"),
              AllOf(HasSubstr("\"limits\""), HasSubstr("\"usd\"")));
  EXPECT_THAT(error(R"({"id": "a", "prompt": "p", "verify": {"seconds": 1}})"),
              AllOf(HasSubstr("\"verify\""), HasSubstr("\"command\"")));
}

TEST_F(TaskFileTest, RefusesPathsThatLeaveTheWorkspace) {
  for (const char* path : {"../x", "a/../../x", "/etc/x", ""}) {
    EXPECT_THAT(
        error(std::string(R"({"id": "a", "prompt": "p", "files": {")") + path + R"(": "x"}})"),
        HasSubstr("is not a relative path inside the workspace"))
        << path;
  }
}

TEST_F(TaskFileTest, BoundsWhatIsRead) {
  folder.write("big", std::string(100, 'x'));
  auto text = read_text_file(folder / "big", 99);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::limit);
  EXPECT_EQ(read_text_file(folder / "big", 100).value(), std::string(100, 'x'));
}

}  // namespace
}  // namespace pareto
