#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "tests/tools/fixture.h"
#include "tools/builtin/edit.h"
#include "tools/builtin/grep.h"
#include "tools/builtin/view.h"
#include "tools/builtin/write.h"

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string many_lines(int count, const std::string& text) {
  std::string lines;
  for (int i = 1; i <= count; ++i) lines += text + std::to_string(i) + "\n";
  return lines;
}

class ViewTest : public ToolTest {
 protected:
  std::string view(const Json& arguments) { return call(*tool, arguments).text; }
  std::shared_ptr<Tool> tool = make_view_tool();
};

TEST_F(ViewTest, NumbersLines) {
  workspace.write("a.py", "x\n\ty\nz");
  EXPECT_EQ(call(*tool, {{"path", "a.py"}}),
            (ToolResult{.text = "a.py (3 lines)\n1\tx\n2\t\ty\n3\tz\n", .paths = {"a.py"}}));
}

TEST_F(ViewTest, ShowsARange) {
  workspace.write("a", "1\n2\n3\n4\n");
  EXPECT_EQ(view({{"path", "a"}, {"start", 2}, {"end", 3}}), "a (4 lines)\n2\t2\n3\t3\n");
  EXPECT_EQ(view({{"path", "a"}, {"start", 4}, {"end", -1}}), "a (4 lines)\n4\t4\n");
  EXPECT_THAT(view({{"path", "a"}, {"start", 9}}), HasSubstr("a has 4 lines; lines 9 to 4"));
}

TEST_F(ViewTest, OutlinesALongFile) {
  workspace.write("a.py", "class A:\n    def f(self):\n" + many_lines(3'000, "        x = ") +
                              "def g():\n    pass\n");
  EXPECT_EQ(view({{"path", "a.py"}}),
            "a.py (3004 lines)\n1\tclass A:\n2\t    def f(self):\n3003\tdef g():\n"
            "[Outline only, as the file is long. View parts with start and end.]");
}

TEST_F(ViewTest, ShowsTheStartOfALongFileWithoutDefinitions) {
  workspace.write("data.txt", many_lines(5'000, "  value "));
  const std::string text = view({{"path", "data.txt"}});
  EXPECT_LE(text.size(), 16'200U);
  EXPECT_THAT(text, HasSubstr("1\t  value 1\n"));
  EXPECT_THAT(text, EndsWith("]"));
  EXPECT_THAT(text, HasSubstr("to 5000 are not shown; view from start="));
}

TEST_F(ViewTest, ListsAFolderTwoLevelsDeep) {
  workspace.write("a/b/c.txt", "12345");
  workspace.write("a/d.txt", "1");
  workspace.write(".hidden", "");
  workspace.write("__pycache__/x.pyc", "");
  EXPECT_EQ(view({{"path", "."}}), "a/\na/b/\na/d.txt (1 bytes)\n");
  EXPECT_EQ(view({{"path", "a/b"}}), "a/b/c.txt (5 bytes)\n");
  EXPECT_EQ(view({{"path", "/workspace/a/b"}}), "a/b/c.txt (5 bytes)\n");
}

TEST_F(ViewTest, HelpsToFindAMisnamedFile) {
  workspace.write("src/gcd.py", "");
  EXPECT_EQ(view({{"path", "gcd.py"}}), "There is no file gcd.py. There is: src/gcd.py.");
  EXPECT_EQ(view({{"path", "src/gcb.py"}}),
            "There is no file src/gcb.py. Did you mean src/gcd.py?");
  EXPECT_THAT(view({{"path", "/etc/passwd"}}), HasSubstr("outside of the workspace"));
}

TEST_F(ViewTest, SaysWhatABinaryAndAnEmptyFileAre) {
  workspace.write("b", std::string("a\0b", 3));
  workspace.write("e", "");
  EXPECT_EQ(view({{"path", "b"}}), "b is a binary file of 3 bytes.");
  EXPECT_EQ(view({{"path", "e"}}), "e is empty.");
}

TEST_F(ViewTest, NeedsAWorkspace) {
  ToolContext none = context();
  none.workspace = "";
  EXPECT_EQ(tool->call({{"path", "a"}}, none).text,
            "This task has no files. Go on without this tool.");
}

class GrepTest : public ToolTest {
 protected:
  std::string grep(const Json& arguments) { return call(*tool, arguments).text; }
  std::shared_ptr<Tool> tool = make_grep_tool();
};

TEST_F(GrepTest, FindsLines) {
  workspace.write("a.py", "def f():\n  return x\n");
  workspace.write("b/c.txt", "x = 1\r\n");
  EXPECT_EQ(grep({{"pattern", "\\bx\\b"}}), "a.py:2:  return x\nb/c.txt:1:x = 1\n");
  EXPECT_EQ(grep({{"pattern", "x"}, {"glob", "*.txt"}}), "b/c.txt:1:x = 1\n");
  EXPECT_EQ(grep({{"pattern", "x"}, {"path", "a.py"}}), "a.py:2:  return x\n");
  EXPECT_EQ(grep({{"pattern", "nowhere"}}), "No line matches.\n");
}

TEST_F(GrepTest, SkipsBinaryFilesAndVersionControl) {
  workspace.write("bin", std::string("x\0x", 3));
  workspace.write(".git/config", "x");
  workspace.write("a", "x");
  EXPECT_EQ(grep({{"pattern", "x"}}), "a:1:x\n");
}

TEST_F(GrepTest, CountsWhatIsTooMuchToShow) {
  workspace.write("a", many_lines(60, "x"));
  workspace.write("b", "x\n");
  EXPECT_EQ(grep({{"pattern", "x"}}), "61 lines in 2 files match:\na: 60\nb: 1\n");
  for (int i = 0; i < 110; ++i) workspace.write("many/" + std::to_string(i), "x\n");
  EXPECT_THAT(grep({{"pattern", "x"}}), HasSubstr("[12 files more; narrow the pattern"));
}

TEST_F(GrepTest, CutsLongLinesAroundTheMatch) {
  workspace.write("a", std::string(1'000, 'a') + "NEEDLE" + std::string(1'000, 'b'));
  const std::string text = grep({{"pattern", "NEEDLE"}});
  EXPECT_THAT(text, HasSubstr("NEEDLE"));
  EXPECT_LT(text.size(), 320U);
}

TEST_F(GrepTest, TakesABrokenPatternLiterally) {
  workspace.write("a", "f(x\n");
  const std::string text = grep({{"pattern", "f(x"}});
  EXPECT_THAT(text, HasSubstr("taken literally"));
  EXPECT_THAT(text, EndsWith("a:1:f(x\n"));
}

TEST_F(GrepTest, RefusesGlobsThatWouldTakeForever) {
  EXPECT_THAT(grep({{"pattern", "x"}, {"glob", "*a*a*a*a*a*a*a*a*b"}}),
              HasSubstr("too complicated"));
}

class EditTest : public SandboxedToolTest {
 protected:
  ToolResult edit(const std::string& path, const std::string& old, const std::string& fresh) {
    return call(*make_edit_tool(sandbox()), {{"path", path}, {"old", old}, {"new", fresh}});
  }
};

TEST_F(EditTest, EditsAndShowsTheLinesAround) {
  workspace.write("a.txt", many_lines(12, "l"));
  EXPECT_EQ(edit("a.txt", "l6\n", "six\n"),
            (ToolResult{.text = "Edited a.txt.\n2\tl2\n3\tl3\n4\tl4\n5\tl5\n6\tsix\n7\tl7\n8\tl8\n"
                                "9\tl9\n10\tl10\n",
                        .changed_workspace = true,
                        .paths = {"a.txt"}}));
  EXPECT_THAT(workspace.read("a.txt"), HasSubstr("l5\nsix\nl7\n"));
}

TEST_F(EditTest, SaysWhichRuleFoundTheText) {
  workspace.write("a.txt", "  a\n  b\n");
  EXPECT_THAT(
      edit("a.txt", "a\nb\n", "c\n").text,
      StartsWith("Edited a.txt (old was found although the indentation differed).\n1\t  c\n"));
}

TEST_F(EditTest, CreatesAFileOnlyWhereNoneIs) {
  EXPECT_EQ(edit("x/new.txt", "", "one\ntwo\n").text, "Created x/new.txt.\n1\tone\n2\ttwo\n");
  EXPECT_EQ(workspace.read("x/new.txt"), "one\ntwo\n");
  EXPECT_THAT(edit("x/new.txt", "", "again").text, HasSubstr("exists. Give in old"));
  EXPECT_THAT(edit("other.txt", "a", "b").text, StartsWith("There is no file other.txt."));
  workspace.write("empty.txt", "");
  EXPECT_EQ(edit("empty.txt", "", "full\n").text, "Edited empty.txt.\n1\tfull\n");
}

TEST_F(EditTest, RefusesToBreakAWholePythonFile) {
  workspace.write("a.py", "def f():\n    return 1\n");
  const ToolResult result = edit("a.py", "return 1", "return (1");
  EXPECT_EQ(result.status, ResultStatus::error);
  EXPECT_FALSE(result.changed_workspace);
  EXPECT_THAT(result.text, HasSubstr("a.py would be broken: SyntaxError"));
  EXPECT_EQ(workspace.read("a.py"), "def f():\n    return 1\n");
  EXPECT_EQ(edit("new.py", "", "def (:\n").status, ResultStatus::error);
  EXPECT_FALSE(workspace.has("new.py"));
}

TEST_F(EditTest, LetsABrokenPythonFileBeMendedStepByStep) {
  workspace.write("a.py", "def f(:\n    return (1\n");
  EXPECT_EQ(edit("a.py", "def f(:", "def f():").status, ResultStatus::ok);
  EXPECT_EQ(workspace.read("a.py"), "def f():\n    return (1\n");
}

TEST_F(EditTest, RefusesToBreakJson) {
  workspace.write("a.json", "{\"a\": 1}");
  EXPECT_THAT(edit("a.json", "1", "").text, HasSubstr("not valid JSON at line 1"));
  workspace.write("tsconfig.json", "{\"a\": 1} // note");
  EXPECT_EQ(edit("tsconfig.json", "1", "2").status, ResultStatus::ok);
}

TEST_F(EditTest, KeepsLineEndingsAndMode) {
  workspace.write("a.sh", "a\r\nb\r\n");
  ASSERT_EQ(::chmod((workspace / "a.sh").c_str(), 0755), 0);
  EXPECT_EQ(edit("a.sh", "a\nb\n", "a\nc\n").status, ResultStatus::ok);
  EXPECT_EQ(workspace.read("a.sh"), "a\r\nc\r\n");
  struct stat info = {};
  ASSERT_EQ(::stat((workspace / "a.sh").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0755U);
}

TEST_F(EditTest, StaysOutOfVersionControlAndOfOtherFolders) {
  EXPECT_EQ(edit(".git/hooks/pre-commit", "", "x").status, ResultStatus::denied);
  EXPECT_FALSE(workspace.has(".git"));
  EXPECT_EQ(edit("../x", "", "x").status, ResultStatus::error);
  EXPECT_EQ(edit("/etc/x", "", "x").status, ResultStatus::error);
}

TEST_F(EditTest, WritesWholeFiles) {
  auto tool = make_write_tool(sandbox());
  EXPECT_EQ(
      call(*tool, {{"path", "a/b.py"}, {"text", "x = 1\n"}}),
      (ToolResult{
          .text = "Wrote a/b.py (1 lines).", .changed_workspace = true, .paths = {"a/b.py"}}));
  EXPECT_FALSE(call(*tool, {{"path", "a/b.py"}, {"text", "x = 1\n"}}).changed_workspace);
  EXPECT_THAT(call(*tool, {{"path", "a/b.py"}, {"text", "x = \n"}}).text,
              HasSubstr("would be broken"));
  EXPECT_EQ(workspace.read("a/b.py"), "x = 1\n");
  EXPECT_EQ(tool->spec().replay, Replay::idempotent);
}

}  // namespace
}  // namespace pareto
