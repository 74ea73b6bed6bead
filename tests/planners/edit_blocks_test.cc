#include "planners/edit_blocks.h"

#include <gtest/gtest.h>

#include "agent/core/random.h"

namespace pareto {
namespace {

using Files = std::vector<BriefedFile>;

constexpr const char* kText = "def f(a):\n    if a:\n        return 1\n    return 2\n";

TEST(EditBlocksTest, ReadsBlocksBetweenMarkers) {
  EXPECT_EQ(edit_blocks("Sure:\n<<<<<<< a.py\nold\n=======\nnew\nmore\n>>>>>>> a.py\nbye\n"
                        "<<<\nx\n===\n>>>"),
            (std::vector<EditBlock>{{"a.py", "old", "new\nmore"}, {"", "x", ""}}));
  EXPECT_TRUE(edit_blocks("<<<<<<< a.py\nold\n=======\nnever closed").empty());
  EXPECT_TRUE(edit_blocks("a << b\nc == d\n").empty());
}

TEST(EditBlocksTest, ReplacesWhatStandsThereOnce) {
  EXPECT_EQ(apply_edit(kText, "    return 2", "    return 3"),
            "def f(a):\n    if a:\n        return 1\n    return 3\n");
  EXPECT_EQ(apply_edit(kText, "    if a:\n        return 1", "    if not a:\n        return 1"),
            "def f(a):\n    if not a:\n        return 1\n    return 2\n");
  EXPECT_EQ(apply_edit(kText, "    return 2", ""), "def f(a):\n    if a:\n        return 1\n");
  EXPECT_EQ(apply_edit("x\nx\n", "x", "y"), std::nullopt) << "which one?";
  EXPECT_EQ(apply_edit(kText, "return 9", "return 1"), std::nullopt);
  EXPECT_EQ(apply_edit(kText, "    return 2", "    return 2"), std::nullopt);
  EXPECT_EQ(apply_edit(kText, "", "x"), std::nullopt);
  EXPECT_EQ(apply_edit(kText, "  ", "x"), std::nullopt);
}

TEST(EditBlocksTest, KeepsTheIndentationOfTheFile) {
  EXPECT_EQ(apply_edit(kText, "return 1", "a += 1\nif b:\n    return a"),
            "def f(a):\n    if a:\n        a += 1\n        if b:\n            return a\n"
            "    return 2\n");
  EXPECT_EQ(apply_edit(kText, "          return 1", "          return 5"),
            "def f(a):\n    if a:\n        return 5\n    return 2\n");
}

TEST(EditBlocksTest, FindsTheFileOfAnEdit) {
  const Files known{{"tests.py", "assert f(1) == 1\nreturn 2\n"}, {"a.py", kText}};
  EXPECT_EQ(edited_files("<<<<<<< a.py\nreturn 2\n=======\nreturn 3\n>>>>>>>", known),
            (Files{{"a.py", "def f(a):\n    if a:\n        return 1\n    return 3\n"}}));
  EXPECT_EQ(edited_files("<<<<<<< name.py\nreturn 2\n=======\nreturn 3\n>>>>>>>", known).size(),
            1U);
  EXPECT_TRUE(edited_files("<<<<<<< a.py\nreturn 2\n=======\nreturn 2\n>>>>>>>", known).empty());
  EXPECT_TRUE(edited_files("<<<<<<< ../x\nreturn 8\n=======\nreturn 2\n>>>>>>>", known).empty());
}

TEST(EditBlocksTest, MakesOneEditAfterTheOther) {
  const Files known{{"a.py", kText}};
  EXPECT_EQ(edited_files("<<<<<<< a.py\nreturn 2\n=======\nreturn 3\n>>>>>>>\n"
                         "<<<<<<< a.py\nreturn 3\n=======\nreturn 4\n>>>>>>>",
                         known),
            (Files{{"a.py", "def f(a):\n    if a:\n        return 1\n    return 4\n"}}));
}

TEST(EditBlocksTest, SurvivesAnyBytes) {
  SeededRandom random(5);
  const std::string parts[] = {"<<<<<<<", "=======",  ">>>>>>>", "\n",   " ",  "a.py",
                               "x",       "return 2", "\t",      "\xff", "\r", "<"};
  const Files known{{"a.py", kText}};
  for (int round = 0; round < 20'000; ++round) {
    std::string reply;
    for (std::uint64_t i = random.next() % 24; i > 0; --i) {
      reply += parts[random.next() % std::size(parts)];
    }
    for (const BriefedFile& file : edited_files(reply, known)) ASSERT_EQ(file.path, "a.py");
  }
}

}  // namespace
}  // namespace pareto
