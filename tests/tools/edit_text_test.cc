#include "tools/builtin/edit_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace pareto {
namespace {

using testing::HasSubstr;

std::string edited(std::string_view content, std::string_view old, std::string_view fresh) {
  auto edit = replace_once(content, old, fresh);
  return edit ? edit->text : "error: " + edit.error().message;
}

std::string rule(std::string_view content, std::string_view old, std::string_view fresh) {
  auto edit = replace_once(content, old, fresh);
  return edit ? edit->rule : "error: " + edit.error().message;
}

TEST(EditTextTest, ReplacesTheOneOccurrence) {
  const auto edit = replace_once("a\nb\nc\n", "b\n", "x\ny\n").value();
  EXPECT_EQ(edit.text, "a\nx\ny\nc\n");
  EXPECT_EQ(edit.first_line, 2U);
  EXPECT_EQ(edit.last_line, 3U);
  EXPECT_EQ(edit.rule, "");
}

TEST(EditTextTest, RefusesWhatOccursTwiceAndNamesTheLines) {
  EXPECT_THAT(edited("x = 1\ny = 2\nx = 1\n", "x = 1", "x = 2"),
              HasSubstr("occurs 2 times: at lines 1, 3"));
}

TEST(EditTextTest, RefusesAnEmptyOldAndNoChange) {
  EXPECT_THAT(edited("a", "", "b"), HasSubstr("old is empty"));
  EXPECT_THAT(edited("a", "a", "a"), HasSubstr("the same"));
}

TEST(EditTextTest, KeepsEveryOtherByte) {
  EXPECT_EQ(edited("\tif x:\r\n\t\ty()\r\n\xff\n", "y()", "z()"), "\tif x:\r\n\t\tz()\r\n\xff\n");
  EXPECT_EQ(edited("a\nb", "b", "c"), "a\nc");
}

TEST(EditTextTest, FindsLinesWithOtherEndings) {
  EXPECT_EQ(edited("a\r\nb\r\nc\r\n", "a\nb\n", "x\ny\n"), "x\r\ny\r\nc\r\n");
  EXPECT_EQ(rule("a\r\nb\r\nc\r\n", "a\nb\n", "x\ny\n"), "line endings differed");
  EXPECT_EQ(edited("a\nb\nc\n", "a\r\nb\r\n", "x\r\n"), "x\nc\n");
}

TEST(EditTextTest, FindsLinesWithOtherBlanksAtTheirEnds) {
  EXPECT_EQ(edited("a  \nb\t\nc\n", "a\nb\n", "x\n"), "x\nc\n");
  EXPECT_EQ(rule("a  \nb\t\nc\n", "a\nb\n", "x\n"), "blanks at line ends differed");
  EXPECT_EQ(edited("a\nb\nc", "a \nb ", "x"), "x\nc");
}

TEST(EditTextTest, FindsAShiftedBlockAndShiftsTheNewOne) {
  EXPECT_EQ(edited("class A:\n    def f(self):\n        return 1\n", "def f(self):\n    return 1",
                   "def f(self):\n    if x:\n\n        return 2"),
            "class A:\n    def f(self):\n        if x:\n\n            return 2\n");
  EXPECT_EQ(edited("def f():\n  return 1\n", "    def f():\n      return 1\n",
                   "    def g():\n      pass\n"),
            "def g():\n  pass\n");
  EXPECT_EQ(rule("\tx\n\t\ty\n", "  x\n  \ty\n", "  z\n"), "the indentation differed");
}

TEST(EditTextTest, DoesNotTakeABlockThatIsShiftedUnevenly) {
  EXPECT_THAT(edited("  a\n    b\n", "a\nb\n", "x\n"), HasSubstr("does not occur"));
}

TEST(EditTextTest, RefusesALooseMatchInTwoPlaces) {
  EXPECT_THAT(edited("  a\n b\n    a\n", "\ta\n", "\tx\n"),
              HasSubstr("occurs 2 times (the indentation differed): at lines 1, 3"));
}

TEST(EditTextTest, RemovesCopiedLineNumbers) {
  EXPECT_EQ(edited("a\nb\nc\n", "2\tb\n3\tc\n", "2\tx\n3\ty\n"), "a\nx\ny\n");
  EXPECT_EQ(edited("a\nb\nc\n", "2\tb\n3\tc\n", "x\n"), "a\nx\n");
}

TEST(EditTextTest, UndoesEscapesThatWereEscapedAgain) {
  EXPECT_EQ(edited("a\n\tb\nc\n", "a\\n\\tb\\n", "x\\ny\\n"), "x\ny\nc\n");
  EXPECT_EQ(edited("p('a\\nb')\n", "'a\\nb'", "'c'"), "p('c')\n");
}

TEST(EditTextTest, KeepsAByteOrderMark) {
  EXPECT_EQ(edited("\xEF\xBB\xBF"
                   "a \nb\n",
                   "a\nb\n", "x\n"),
            "\xEF\xBB\xBFx\n");
}

TEST(EditTextTest, KeepsAMissingLastNewline) { EXPECT_EQ(edited("a\nb ", "b\n", "x\n"), "a\nx"); }

TEST(EditTextTest, ShowsTheNearestLines) {
  const std::string text = edited("import os\n\ndef gcd(a, b):\n    if b == 0:\n        return a\n",
                                  "def gcd(a, b):\n    if b is 0:\n        return b\n", "x");
  EXPECT_THAT(text, HasSubstr("The nearest lines are:\n1\timport os\n2\t\n3\tdef gcd(a, b):\n"));
  EXPECT_THAT(edited("def mean(values):\n", "def meen(value):\n", "x"),
              HasSubstr("1\tdef mean(values):"));
  EXPECT_THAT(edited("abc\n", "zzz yyy", "x"), HasSubstr("nor anything like it"));
}

TEST(EditTextTest, EndsSoonOnTextsMadeToBeSlow) {
  const std::string content(2'000'000, 'a');
  const std::string old = std::string(100'000, 'a') + "b";
  EXPECT_THAT(edited(content, old, "x"), HasSubstr("does not occur"));
  std::string lines;
  for (int i = 0; i < 200'000; ++i) lines += "a \n";
  std::string wanted;
  for (int i = 0; i < 50'000; ++i) wanted += "a\n";
  EXPECT_THAT(edited(lines, wanted + "b\n", "x"), HasSubstr("does not occur"));
}

// The oracle: with an exact and unique `old` the result is what two substrings around it give.
TEST(EditTextTest, ExactEditsEqualTheSimpleAnswer) {
  std::mt19937 random(7);
  int replaced = 0;
  for (int round = 0; round < 2'000; ++round) {
    std::string content;
    for (int i = 0; i < 12; ++i) content += "ab\n \r"[random() % 5];
    const std::size_t start = random() % content.size();
    const std::string old = content.substr(start, 1 + random() % 4);
    const std::size_t first = content.find(old);
    if (content.find(old, first + 1) != std::string::npos) continue;
    const std::string fresh = "x\ny";
    EXPECT_EQ(edited(content, old, fresh),
              content.substr(0, first) + fresh + content.substr(first + old.size()));
    ++replaced;
  }
  EXPECT_GT(replaced, 500);
}

}  // namespace
}  // namespace pareto
