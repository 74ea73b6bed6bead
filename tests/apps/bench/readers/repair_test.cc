// Readers of repair and code tasks: QuixBugs, HumanEvalFix, polyglot. What a reference solution and
// an untouched workspace score is tried in the sandbox.
#include "apps/bench/readers/humanevalfix.h"
#include "apps/bench/readers/polyglot.h"
#include "apps/bench/readers/quixbugs.h"
#include "tests/apps/bench/readers/fixture.h"
#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::HasSubstr;

// What a task scores with these files over its own.
double score_with(const Task& task, const std::map<std::string, std::string>& files) {
  const TempFolder workspace;
  for (const auto& [path, text] : task.files) workspace.write(path, text);
  for (const auto& [path, text] : files) workspace.write(path, text);
  auto score = score_work(task.score, {.workspace = workspace.path()}, *machine_sandbox(), {});
  if (!score || !score->score) {
    ADD_FAILURE() << task.id << ": " << (score ? "no score" : score.error().message);
    return -1;
  }
  return *score->score;
}

std::map<std::string, std::string> solution_of(const Task& task) {
  return metadata_of(task)["solution"].get<std::map<std::string, std::string>>();
}

class RepairTest : public testing::Test {
 protected:
  void prove(const std::vector<Task>& tasks) {
    if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
    for (const Task& task : tasks) {
      EXPECT_EQ(score_with(task, {}), 0) << task.id << " untouched";
      EXPECT_EQ(score_with(task, solution_of(task)), 1) << task.id << " solved";
    }
  }
};

// Names and forms are QuixBugs', the programs our own.
const std::string kQuix = dump_json(Json{
    {"name", "thirds"},
    {"buggy_python", "def thirds(n):\n    while n % 3 == 0:\n        yield n\n        n = n - 1\n"},
    {"correct_python",
     "def thirds(n):\n    while n % 3 == 0:\n        yield n\n        n = n // 3\n"},
    {"json_tests", {{{18}, {18, 6}}, {{5}, Json::array()}}},
    {"pytest", nullptr}});
const std::string kQuixGraph = dump_json(Json{
    {"name", "tail"},
    {"buggy_python", "def tail(node):\n    while node.successor:\n        pass\n    return node\n"},
    {"correct_python",
     "def tail(node):\n    while node.successor:\n        node = node.successor\n    return "
     "node\n"},
    {"json_tests", nullptr},
    {"pytest",
     "import pytest\nfrom node import Node\n\nif pytest.use_correct:\n    from "
     "correct_python_programs.tail import tail\nelse:\n    from python_programs.tail import "
     "tail\n\n\ndef test1():\n    last = Node(\"b\")\n    assert tail(Node(\"a\", last)) is "
     "last\n\n\ndef test2():\n    one = Node(\"a\")\n    assert tail(one) is one\n"}});

TEST_F(RepairTest, QuixBugsRunsCasesAndPytestFilesWithoutPytest) {
  EXPECT_EQ(recognised(kQuix), "quixbugs");
  const auto tasks = tasks_as(kQuixBugs, kQuix + "\n" + kQuixGraph + "\n");
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[0].id, "quixbugs-thirds");
  EXPECT_TRUE(tasks[0].files.contains("quixbugs_test.py"));
  ASSERT_TRUE(tasks[0].verify);
  EXPECT_EQ(tasks[0].verify->command, "python3 quixbugs_test.py thirds");
  EXPECT_EQ(score_of(tasks[1])["expect_tests"], 2);
  prove(tasks);
}

TEST_F(RepairTest, HiddenTestsAreNotInTheWorkspace) {
  const auto tasks = tasks_as(kQuixBugs, kQuix, {{"tests", "hidden"}});
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].files.size(), 1U);
  EXPECT_EQ(tasks[0].verify, std::nullopt);
  prove(tasks);
}

TEST_F(RepairTest, QuixBugsReadsTheRepository) {
  const Source source{
      .files = {{"README.md", "x"},
                {"python_programs/node.py", "class Node:\n    pass\n"},
                {"python_programs/twice.py", "def twice(n):\n    return n + n + 1\n"},
                {"correct_python_programs/twice.py", "def twice(n):\n    return 2 * n\n"},
                {"correct_python_programs/node.py", "class Node:\n    pass\n"},
                {"json_testcases/twice.json", "[[2], 4]\n[[0], 0]\n\n"}}};
  ASSERT_NE(recognise(source), nullptr);
  EXPECT_EQ(recognise(source)->format, "quixbugs");
  auto read = kQuixBugs.read(source);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->tasks.size(), 1U);
  EXPECT_EQ(score_of(read->tasks[0])["expect_tests"], 2);
  prove(read->tasks);
}

TEST(QuixBugsTest, RefusesWhatIsWrong) {
  const auto error = [](Json change) {
    Json row = parse_json(kQuix).value();
    row.update(change);
    return error_as(kQuixBugs, dump_json(row));
  };
  EXPECT_EQ(error(Json::object()), "(no error)");
  EXPECT_THAT(error({{"name", "os; rm"}}), HasSubstr("\"name\": expected the name of a Python"));
  EXPECT_THAT(error({{"json_tests", Json::array()}}), HasSubstr("\"json_tests\": expected a list"));
  EXPECT_THAT(error({{"json_tests", {{1}}}}), HasSubstr("\"json_tests\": expected [arguments"));
  EXPECT_THAT(error({{"json_tests", nullptr}}), HasSubstr("\"pytest\": is required"));
  EXPECT_THAT(error({{"correct_python", 1}}), HasSubstr("\"correct_python\": expected a string"));
  EXPECT_THAT(error_as(kQuixBugs, kQuix + "\n" + kQuix), HasSubstr("line 2: the id"));
  EXPECT_THAT(error_as(kQuixBugs, kQuix, {{"tests", "some"}}), HasSubstr("visible or hidden"));
  auto missing = kQuixBugs.read(
      {.files = {{"python_programs/a.py", "x"}, {"correct_python_programs/a.py", "y"}}});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("python_testcases/test_a.py"));
  auto bad = kQuixBugs.read({.files = {{"python_programs/a.py", "x"},
                                       {"correct_python_programs/a.py", "y"},
                                       {"json_testcases/a.json", "[[1], 2]\n[\n"}}});
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, HasSubstr("json_testcases/a.json:2: not valid JSON"));
}

const std::string kFix = dump_json(
    Json{{"task_id", "Python/3"},
         {"prompt", "import math\n\n\ndef area(r):\n    \"\"\" The area of a circle. \"\"\"\n"},
         {"declaration", "import math\n\n\ndef _square(x):\n    return x * x\n\n\ndef area(r):\n"},
         {"canonical_solution", "    return math.pi * _square(r)\n"},
         {"buggy_solution", "    return math.pi * r\n"},
         {"bug_type", "missing logic"},
         {"failure_symptoms", "incorrect output"},
         {"entry_point", "area"},
         {"test",
          "\ndef check(area):\n    assert area(2) == math.pi * _square(2)\n    assert area(0) == "
          "0\n\ncheck(area)"},
         {"docstring", "The area of a circle."}});

TEST_F(RepairTest, HumanEvalFixRunsTheTestsInTheNamesOfTheSolution) {
  EXPECT_EQ(recognised(kFix), "humanevalfix");
  const auto tasks = tasks_as(kHumanEvalFix, kFix);
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].id, "humanevalfix-3");
  EXPECT_THAT(tasks[0].prompt, HasSubstr("Fix the bug in area in solution.py."));
  prove(tasks);
  const auto hidden = tasks_as(kHumanEvalFix, kFix, {{"tests", "hidden"}});
  EXPECT_THAT(hidden[0].prompt, HasSubstr("The area of a circle."));
}

TEST(HumanEvalFixTest, OtherLanguagesAreRefusedByName) {
  Json row = parse_json(kFix).value();
  row["task_id"] = "Rust/3";
  EXPECT_THAT(error_as(kHumanEvalFix, dump_json(row)),
              HasSubstr("line 1: humanevalfix: \"task_id\": expected \"Python/NUMBER\""));
  row["task_id"] = "Python/3";
  row.erase("test");
  EXPECT_THAT(error_as(kHumanEvalFix, dump_json(row)), HasSubstr("\"test\": is required"));
}

const std::string kExerciseTests =
    "import unittest\n\nfrom two_fer import (\n    two_fer,\n)\n\n\nclass "
    "TwoFerTest(unittest.TestCase):\n    def test_none(self):\n        "
    "self.assertEqual(two_fer(), 'One for you.')\n\n    def test_name(self):\n        "
    "self.assertEqual(two_fer('Bo'), 'One for Bo.')\n";
const std::string kExample = "def two_fer(name='you'):\n    return f'One for {name}.'\n";
const std::string kStub = "def two_fer(name):\n    pass\n";

TEST_F(RepairTest, PolyglotReadsRowsAndTheRepository) {
  const std::string row = dump_json(Json{{"language", "python"},
                                         {"exercise", "two-fer"},
                                         {"instructions", "# Instructions\n\nShare.\n"},
                                         {"solution_files", {"two_fer.py"}},
                                         {"test_files", {"two_fer_test.py"}},
                                         {"stub", {{"two_fer.py", kStub}}},
                                         {"tests", {{"two_fer_test.py", kExerciseTests}}},
                                         {"example", {{".meta/example.py", kExample}}},
                                         {"extra", Json::object()}});
  EXPECT_EQ(recognised(row), "polyglot");
  const auto tasks = tasks_as(kPolyglot, row);
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].id, "polyglot-two-fer");
  EXPECT_EQ(score_of(tasks[0])["expect_tests"], 2);
  prove(tasks);

  const std::string at = "python/exercises/practice/two-fer/";
  const std::string config =
      R"({"authors": [], "files": {"solution": ["two_fer.py"], "test": ["two_fer_test.py"], "example": [".meta/example.py"]}, "blurb": "b"})";
  const Source source{.files = {{at + ".docs/instructions.md", "# Instructions\n\nShare.\n"},
                                {at + ".meta/config.json", config},
                                {at + ".meta/example.py", kExample},
                                {at + "two_fer.py", kStub},
                                {at + "two_fer_test.py", kExerciseTests},
                                {"rust/exercises/practice/two-fer/.meta/config.json", "{}"}}};
  ASSERT_NE(recognise(source), nullptr);
  auto read = recognise(source)->read(source);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->tasks, tasks);

  Source lacking = source;
  lacking.files.erase(at + ".meta/example.py");
  read = kPolyglot.read(lacking);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message,
              HasSubstr(at + ".meta/config.json: files: \"example\": there is no file"));
}

TEST(PolyglotTest, RefusesWhatIsWrong) {
  const auto error = [](Json change) {
    Json row = {
        {"exercise", "e"},        {"instructions", "i"},           {"solution_files", {"e.py"}},
        {"stub", {{"e.py", ""}}}, {"tests", {{"e_test.py", "x"}}}, {"example", {{"x.py", "y"}}}};
    row.update(change);
    return error_as(kPolyglot, dump_json(row));
  };
  EXPECT_EQ(error(Json::object()), "(no error)");
  EXPECT_THAT(error({{"language", "rust"}}), HasSubstr("only python is read; found \"rust\""));
  EXPECT_THAT(error({{"tests", Json::object()}}), HasSubstr("\"tests\": expected at least one"));
  EXPECT_THAT(error({{"stub", {"e.py"}}}), HasSubstr("\"stub\": expected an object"));
  EXPECT_THAT(error({{"solution_files", Json::array()}}), HasSubstr("\"solution_files\""));
}

}  // namespace
}  // namespace pareto
