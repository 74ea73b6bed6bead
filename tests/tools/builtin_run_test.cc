#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "tests/tools/fixture.h"
#include "tools/builtin/finish.h"
#include "tools/builtin/run.h"
#include "tools/builtin/run_tests.h"

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class RunTest : public SandboxedToolTest {
 protected:
  ToolResult run(const std::string& command, int seconds = 20) {
    return call(*make_run_tool(sandbox()), {{"command", command}, {"seconds", seconds}});
  }
  ToolResult run_tests() { return call(*make_run_tests_tool(sandbox()), Json::object()); }
};

TEST_F(RunTest, ShowsOutputAndExitStatus) {
  const ToolResult result = run("echo out; echo err >&2; exit 3");
  EXPECT_EQ(result.status, ResultStatus::error);
  EXPECT_THAT(result.text, StartsWith("out\nerr\n[exit status 3, "));
  EXPECT_FALSE(result.changed_workspace);
  EXPECT_THAT(run("true").text, StartsWith("(no output)\n[exit status 0, "));
}

TEST_F(RunTest, SeesTheWorkspaceAndSaysWhatItChanged) {
  workspace.write("a.txt", "1");
  workspace.write("b.txt", "1");
  workspace.write("c.txt", "1");
  const ToolResult result = run("pwd; cat a.txt; echo 22 > b.txt; rm c.txt; mkdir d; echo > d/e");
  EXPECT_THAT(result.text, StartsWith("/workspace\n1"));
  EXPECT_TRUE(result.changed_workspace);
  EXPECT_THAT(result.paths, ElementsAre("b.txt", "c.txt", "d/e"));
  EXPECT_EQ(workspace.read("b.txt"), "22\n");
}

TEST_F(RunTest, CachesAreNoChange) {
  workspace.write("m.py", "x = 1\n");
  EXPECT_FALSE(
      run("PYTHONDONTWRITEBYTECODE= python3 -c 'import m'; ls __pycache__").changed_workspace);
}

TEST_F(RunTest, KillsACommandWhoseTimeIsUp) {
  const ToolResult result = run("echo begun; sleep 30", 1);
  EXPECT_EQ(result.status, ResultStatus::timed_out);
  EXPECT_THAT(result.text, HasSubstr("begun\n[killed after 1."));
}

TEST_F(RunTest, ObeysTheDeadlineOfTheRun) {
  ToolContext soon = context();
  soon.deadline = Deadline::in(Milliseconds(300), clock.now());
  const ToolResult result =
      make_run_tool(sandbox())->call({{"command", "sleep 30"}, {"seconds", 60}}, soon);
  EXPECT_EQ(result.status, ResultStatus::timed_out);
}

TEST_F(RunTest, StopsWhenTheRunIsCancelled) {
  std::thread canceller([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop.request_stop();
  });
  EXPECT_EQ(run("sleep 30").status, ResultStatus::cancelled);
  canceller.join();
}

TEST_F(RunTest, BoundsOutputKeepingItsEnd) {
  const std::string text = run("seq 1 100000").text;
  EXPECT_LE(text.size(), 10'300U);
  EXPECT_THAT(text, StartsWith("1\n2\n"));
  EXPECT_THAT(text, HasSubstr("100000\n[exit status 0"));
}

TEST_F(RunTest, WorksWithoutAWorkspace) {
  ToolContext none = context();
  none.workspace = "";
  EXPECT_THAT(make_run_tool(sandbox())->call({{"command", "python3 -c 'print(6*7)'"}}, none).text,
              StartsWith("42\n[exit status 0"));
}

TEST_F(RunTest, CanNotChangeWhatGitRunsOnTheHost) {
  workspace.write(".git/hooks/pre-commit.sample", "");
  workspace.write(".git/config", "[core]\n");
  run("echo x > .git/hooks/post-checkout; echo x >> .git/config");
  EXPECT_FALSE(workspace.has(".git/hooks/post-checkout"));
  EXPECT_EQ(workspace.read(".git/config"), "[core]\n");
}

TEST_F(RunTest, PythonIsPython3) {
  EXPECT_THAT(run("cd / && python -c 'print(6*7)'").text, StartsWith("42\n[exit status 0"));
}

TEST_F(RunTest, RefusesAnEmptyCommand) { EXPECT_EQ(run(" \n").status, ResultStatus::invalid_call); }

TEST_F(RunTest, RunsTheTestsAndCountsThem) {
  workspace.write("t.py",
                  "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n"
                  "    def test_b(self): self.assertEqual(1, 2)\nunittest.main()\n");
  check.command = "python3 t.py";
  const ToolResult result = run_tests();
  EXPECT_EQ(result.status, ResultStatus::error);
  EXPECT_THAT(result.text, StartsWith("FAILED: 1 passed, 1 failed [python3 t.py; exit status 1"));
  EXPECT_THAT(result.text, HasSubstr("AssertionError: 1 != 2"));
  check.command = "echo fine";
  EXPECT_THAT(run_tests().text, StartsWith("PASSED [echo fine; exit status 0"));
  check.command = "";
  EXPECT_EQ(run_tests().text, "This task has no tests to run.");
}

TEST_F(RunTest, TestsHaveTheTimeThatTheTaskGivesThem) {
  check = {"sleep 50", Milliseconds(150)};
  const ToolResult result = run_tests();
  EXPECT_EQ(result.status, ResultStatus::timed_out);
  EXPECT_THAT(result.text, HasSubstr("its time was up"));
  EXPECT_GE(make_run_tests_tool(sandbox())->spec().timeout, std::chrono::hours(24))
      << "the longest that a task file may give";
}

TEST_F(RunTest, FinishIsQuick) {
  EXPECT_EQ(call(*make_finish_tool(), {{"answer", "x"}}), (ToolResult{.text = "Finished."}));
  EXPECT_EQ(make_finish_tool()->spec().dispatch, Dispatch::loop);
}

}  // namespace
}  // namespace pareto
