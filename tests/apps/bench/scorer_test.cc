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
      {{{"type", "exact"}, {"answers", {"x", " "}}}, "\"answers\": nothing is left of \" \""},
      {{{"type", "f1"}, {"answers", {"The"}}}, "\"answers\": nothing is left of \"The\""},
      {{{"type", "regex"}, {"pattern", ".*"}}, "matches the empty text"},
      {{{"type", "command"}, {"command", ""}}, "\"command\": must not be empty"},
      {{{"type", "command"}, {"command", "true"}, {"expect_output", "x?"}}, "\"expect_output\""},
      {{{"type", "math"}, {"answers", Json::array()}}, "\"answers\""},
      {{{"type", "gaia"}, {"answers", {"?!"}}}, "would be met by an empty answer"},
      {{{"type", "judge"}, {"answers", {"the"}}}, "nothing is left of \"the\""},
      {{{"type", "judge"}, {"answers", {"x"}}, {"usd", "0"}}, "\"usd\": must be above 0"},
      {{{"type", "judge"}, {"answers", {"x"}}, {"model", "m"}}, "\"model\""},
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
    if (!found || !found->score) {
      ADD_FAILURE() << (found ? "no score" : found.error().message);
      return -1;
    }
    note = found->note;
    return *found->score;
  }
  // A test of `work.py` that only 42 passes.
  static Json unit_test(const std::string& command = "python3 -m unittest -q hidden") {
    return {{"type", "command"},
            {"command", command},
            {"files",
             {{"hidden.py",
               "import json, unittest, work\nclass T(unittest.TestCase):\n"
               "  def test(self): self.assertEqual(work.answer(), json.loads('42'))\n"}}}};
  }
  // The test fails on work that is wrong, and passes on work that is right, although something
  // that would end the test with success was planted.
  void expect_no_effect(const Json& how) {
    workspace.write("work.py", "def answer(): return 0\n");
    EXPECT_EQ(score(how), 0) << note;
    workspace.write("work.py", "def answer(): return 42\n");
    EXPECT_EQ(score(how), 1) << note;
  }

  static constexpr const char* kPass =
      "import os\nprint('Ran 1 test in 0.1s\\n\\nOK', flush=True)\nos._exit(0)\n";

  TempFolder workspace;
  TempFolder snapshot;
  std::string note;  // of the last score
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
  EXPECT_EQ(*found, Scored{});
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

TEST_F(ScorerTest, AHiddenFileWinsOverAFolderAndAFileThatCanNotBeWritten) {
  const Json how = {{"type", "command"},
                    {"command", "python3 hidden.py && python3 sub/inner.py"},
                    {"files", {{"hidden.py", "print('one')"}, {"sub/inner.py", "print('two')"}}},
                    {"expect_output", "one\ntwo"}};
  workspace.write("hidden.py/inside.txt", "");
  workspace.write("sub", "a file where a folder is needed");
  EXPECT_EQ(score(how), 1) << note;
  std::filesystem::remove_all(workspace / "hidden.py");
  std::filesystem::remove_all(workspace / "sub");
  workspace.write("hidden.py", "raise SystemExit(1)");
  workspace.write("sub/inner.py", "raise SystemExit(1)");
  using std::filesystem::perms;
  std::filesystem::permissions(workspace / "hidden.py", perms::owner_read);
  std::filesystem::permissions(workspace / "sub/inner.py", perms::none);
  std::filesystem::permissions(workspace / "sub", perms::owner_read | perms::owner_exec);
  EXPECT_EQ(score(how), 1) << note;
  std::filesystem::permissions(workspace / "sub", perms::owner_all);
}

TEST_F(ScorerTest, PlantedPythonHooksDoNotRun) {
  for (const char* name : {"conftest.py", "sitecustomize.py", "usercustomize.py"}) {
    workspace.write(name, kPass);
  }
  workspace.write("x.pth", "import os; os._exit(0)\n");
  expect_no_effect(unit_test("PYTHONPATH=. python3 -m unittest -q hidden"));
  EXPECT_EQ(note, "removed before scoring: conftest.py, sitecustomize.py, usercustomize.py, x.pth");
}

TEST_F(ScorerTest, PlantedModulesDoNotShadowPythonsOwn) {
  for (const char* name : {"unittest.py", "json.py", "traceback.py", "signal/__init__.py"}) {
    workspace.write(name, kPass);
  }
  expect_no_effect(unit_test());
  EXPECT_EQ(note, "removed before scoring: json.py, signal, traceback.py, unittest.py");
  // Where a command puts a folder of the agent's first.
  workspace.write("lib/json.py", kPass);
  std::filesystem::create_symlink("lib", workspace / "src");
  expect_no_effect(unit_test("PYTHONPATH=src:. python3 -m unittest -q hidden"));
}

TEST_F(ScorerTest, ATasksOwnModuleOfSuchANameKeepsTheAgentsText) {
  snapshot.write("queue.py", "def first(): return 1\n");
  workspace.write("queue.py", "def first(): return 2\n");
  workspace.write("html/index.html", "a folder that no import finds");
  EXPECT_EQ(score({{"type", "command"},
                   {"command", "python3 -c 'import queue; assert queue.first() == 2' && ls html"}}),
            1)
      << note;
  EXPECT_EQ(note, "");
}

TEST_F(ScorerTest, PlantedPackagesDoNotShadowAHiddenTest) {
  workspace.write("hidden/__init__.py", kPass);
  workspace.write("hidden.cpython-311-x86_64-linux-gnu.so", "no library");
  expect_no_effect(unit_test());
  EXPECT_EQ(note, "removed before scoring: hidden, hidden.cpython-311-x86_64-linux-gnu.so");
}

TEST_F(ScorerTest, PlantedByteCodeIsNotUsed) {
  workspace.write("work.py", "def answer(): return 42\n");
  // Byte code that claims to be of the source that is there, and says something else.
  workspace.write("plant.py",
                  "import py_compile, shutil, sys\n"
                  "tag = sys.implementation.cache_tag\n"
                  "open('w.py', 'w').write('def answer(): return 42\\n')\n"
                  "for name in ('work', 'hidden'):\n"
                  "  py_compile.compile('w.py', f'__pycache__/{name}.{tag}.pyc',\n"
                  "    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)\n"
                  "  shutil.copy(f'__pycache__/{name}.{tag}.pyc', f'{name}.pyc')\n");
  const auto planted = machine_sandbox()->run(
      {.argv = shell_argv("python3 plant.py"), .workspace = workspace.path()}, {});
  ASSERT_TRUE(planted && planted->ok()) << planted->output;
  ASSERT_TRUE(workspace.has("__pycache__") && workspace.has("hidden.pyc"));
  expect_no_effect(unit_test());
}

TEST_F(ScorerTest, PlantedConfigurationOfPytestHasNoEffect) {
  const std::string options = "addopts = --co -q\npython_files = nothing.py\n";
  workspace.write("pytest.ini", "[pytest]\n" + options);
  workspace.write("tox.ini", "[pytest]\n" + options);
  workspace.write("setup.cfg", "[tool:pytest]\n" + options);
  workspace.write("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '--co'\n");
  snapshot.write("sub/setup.cfg", "[metadata]\nname = x\n");
  workspace.write("sub/setup.cfg", "[tool:pytest]\n" + options);
  const Json how = {
      {"type", "command"}, {"command", "ls; cat sub/setup.cfg"}, {"expect_output", "name = x"}};
  EXPECT_EQ(score(how), 1);
  EXPECT_EQ(note, "removed before scoring: pyproject.toml, pytest.ini, setup.cfg, tox.ini");
}

TEST_F(ScorerTest, PlantedGitHooksDoNotRun) {
  workspace.write("a.txt", "");
  const std::string setup =
      "git init -q . && git config user.name n && git config user.email e && git add a.txt && "
      "git commit -qm first && printf '#!/bin/sh\ntouch HOOKED\n' > .git/hooks/pre-commit && "
      "chmod +x .git/hooks/pre-commit && git config core.fsmonitor 'touch HOOKED; false' && "
      "git init -q --bare bare && git -C bare config core.fsmonitor 'touch ../HOOKED; false'";
  const auto made =
      machine_sandbox()->run({.argv = shell_argv(setup), .workspace = workspace.path()}, {});
  if (!made || !made->ok()) GTEST_SKIP() << "git can't be run: " << made->output;
  EXPECT_EQ(score({{"type", "command"},
                   {"command",
                    "export GIT_AUTHOR_NAME=n GIT_AUTHOR_EMAIL=e GIT_COMMITTER_NAME=n "
                    "GIT_COMMITTER_EMAIL=e; git log --oneline | grep first && echo b > a.txt && "
                    "git add a.txt && git commit -qm second; git status; "
                    "git -C bare --work-tree=. status; test ! -e HOOKED"}}),
            1)
      << note;
}

TEST_F(ScorerTest, NothingIsWrittenThroughALinkOutOfTheCopy) {
  TempFolder outside;
  snapshot.write("sub/setup.cfg", "[metadata]\n");
  std::filesystem::create_symlink(outside.path(), workspace / "sub");
  EXPECT_EQ(score({{"type", "command"}, {"command", "cat sub/setup.cfg"}}), 1) << note;
  EXPECT_TRUE(std::filesystem::is_empty(outside.path()));
}

TEST_F(ScorerTest, AWorkspaceTooLargeToCopyIsTheAgentsFault) {
  workspace.write("big", "");
  std::filesystem::resize_file(workspace / "big", std::uintmax_t{2} << 30);  // takes no room
  EXPECT_EQ(score({{"type", "command"}, {"command", "true"}}), 0);
  EXPECT_THAT(note, HasSubstr("the workspace is too large to copy (at big)"));
}

TEST_F(ScorerTest, ALinkInPlaceOfARepositoryIsNoWayAroundTheScore) {
  std::filesystem::create_symlink("/etc", workspace / ".git");
  EXPECT_EQ(score({{"type", "command"}, {"command", "false"}}), 0);
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
  EXPECT_EQ(note, "no sign of the 2 expected tests");
  workspace.write("work.py", "");
  how["expect_tests"] = 3;
  EXPECT_EQ(score(how), 0);
  EXPECT_EQ(note, "2 passed, 0 failed of 3 expected tests");
  how["expect_tests"] = 2;
  how["files"]["hidden.py"] =
      "import unittest\nclass T(unittest.TestCase):\n  def test_a(self): pass\n"
      "  @unittest.skip('x')\n  def test_b(self): pass\n";
  EXPECT_EQ(score(how), 0) << "a skipped test did not run";
  how["files"]["hidden.py"] =
      "import unittest\nclass T(unittest.TestCase):\n  def test_a(self): pass\n"
      "  def test_b(self): self.fail()\n";
  how["command"] = "python3 -m unittest hidden || true";
  EXPECT_EQ(score(how), 0) << "the exit status is not all";
  EXPECT_EQ(note, "1 passed, 1 failed of 2 expected tests");
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

TEST_F(ScorerTest, AHangEndlessOutputAndForksAreBoundedAndSaid) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(score({{"type", "command"}, {"command", "sleep 1000 & sleep 1000"}, {"seconds", 0.5}}),
            0);
  EXPECT_THAT(note, AllOf(HasSubstr("killed after"), HasSubstr("its time was up")));
  EXPECT_EQ(score({{"type", "command"},
                   {"command", "head -c 1000000000 /dev/zero | tr '\\0' x"},
                   {"seconds", 20}}),
            0);
  EXPECT_THAT(note, AllOf(HasSubstr("killed after"), HasSubstr("too much of output")));
  EXPECT_EQ(
      score({{"type", "command"}, {"command", "f() { f | f & }; f; sleep 100"}, {"seconds", 1}}),
      0);
  EXPECT_THAT(note, HasSubstr("killed after"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(60));
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
