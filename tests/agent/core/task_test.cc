#include "agent/core/task.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"

namespace pareto {
namespace {

Result<Task> read(const std::string& text) { return task_from_json(*parse_json(text), "/suite"); }

std::string error_of(const std::string& text) {
  const auto task = read(text);
  return task ? "no error" : task.error().message;
}

constexpr const char* kFull = R"({"id": "gcd", "class": "repair", "prompt": "Fix it.",
  "files": {"gcd.py": "def gcd", "src/a.py": ""}, "workspace": "dir/../w", "corpus": "/data/c.jsonl",
  "tools": ["view", "edit"], "verify": {"command": "python3 tests.py", "seconds": 2.001},
  "score": {"type": "number", "answer": "3.50"}, "limits": {"turns": 20, "usd": "0.05"},
  "sensitive": true, "metadata": {"source": "x", "n": [1, 2.5]}})";

TEST(TaskTest, ReadsEveryField) {
  const Task expected{.id = "gcd",
                      .label = "repair",
                      .prompt = "Fix it.",
                      .files = {{"gcd.py", "def gcd"}, {"src/a.py", ""}},
                      .workspace = "/suite/w",
                      .corpus = "/data/c.jsonl",
                      .tools = {"view", "edit"},
                      .verify = CheckCommand{"python3 tests.py", Milliseconds(2'001)},
                      .score = R"({"type":"number","answer":"3.50"})",
                      .limits = {.usd = Money::nanos(50'000'000), .turns = 20},
                      .sensitive = true,
                      .metadata = R"({"source":"x","n":[1,2.5]})"};
  const auto task = read(kFull);
  ASSERT_TRUE(task) << task.error().message;
  EXPECT_EQ(*task, expected);
}

TEST(TaskTest, WritesWhatItReads) {
  const Task task = *read(kFull);
  EXPECT_EQ(*task_from_json(to_json(task), "/elsewhere"), task);
  const Task least = *read(R"({"id":"a","prompt":"b"})");
  EXPECT_EQ(*task_from_json(to_json(least), "/elsewhere"), least);
  for (const std::int64_t ms : {1, 3, 1'009, 1'013, 10'001, 33'333, 599'999}) {
    Task timed = least;
    timed.verify = CheckCommand{"true", Milliseconds(ms)};
    EXPECT_EQ(*task_from_json(to_json(timed), "/"), timed);
  }
}

TEST(TaskTest, NamesTheKeyThatIsWrong) {
  EXPECT_EQ(error_of(R"({"prompt":"p"})"), "task: \"id\": is required, but missing");
  EXPECT_EQ(error_of(R"({"id":"a","prompt":""})"), "task: \"prompt\": must not be empty");
  EXPECT_EQ(error_of(R"({"id":1,"prompt":"p"})"), "task: \"id\": expected a string; found number");
  EXPECT_EQ(error_of(R"({"id":"a","prompt":"p","files":["x"]})"),
            "task: \"files\": expected an object of path to text");
  EXPECT_EQ(error_of(R"({"id":"a","prompt":"p","files":{"x":1}})"),
            "task: \"files\": the text of \"x\" is not a string");
  EXPECT_EQ(error_of(R"({"id":"a","prompt":"p","limits":{"turn":1}})"),
            "task: \"limits\": limits: \"turn\": unknown key; known are usd, turns, seconds");
  EXPECT_EQ(error_of("[]"), "task: expected a JSON object; found array");
}

TEST(TaskTest, RefusesUnknownKeys) {
  const std::string error = error_of(R"({"id":"a","prompt":"p","clas":"x"})");
  EXPECT_TRUE(error.starts_with("task: \"clas\": unknown key; known are id, class, prompt"))
      << error;
}

TEST(TaskTest, RefusesFilesOutsideOfTheWorkspace) {
  for (const char* path : {"", "/etc/passwd", "../x", "a/../../x", "a/..", "..", "nul\\u0000.py"}) {
    const std::string error =
        error_of(std::string(R"({"id":"a","prompt":"p","files":{")") + path + R"(":"text"}})");
    EXPECT_TRUE(error.contains("is not a relative path inside the workspace")) << path << error;
  }
  EXPECT_TRUE(read(R"({"id":"a","prompt":"p","files":{"a..b/..c/d":"text"}})"));
}

TEST(TaskTest, RefusesChecksWithoutATimeLimitThatMakesSense) {
  for (const char* seconds : {"0", "-1", "1e9", "\"10\""}) {
    EXPECT_FALSE(read(std::string(R"({"id":"a","prompt":"p","verify":{"command":"c","seconds":)") +
                      seconds + "}}"))
        << seconds;
  }
}

}  // namespace
}  // namespace pareto
