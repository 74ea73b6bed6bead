#include "planners/extraction.h"

#include <gtest/gtest.h>

#include "agent/core/random.h"

namespace pareto {
namespace {

using Files = std::vector<BriefedFile>;

Files files(const std::string& reply, const Files& known = {}, ReplyEnd end = ReplyEnd::complete) {
  return extract_files(reply, known, end);
}

TEST(ExtractionTest, FindsBlocksWithTheirHeading) {
  EXPECT_EQ(fenced_blocks("Here:\n\n**a.py**\n```python\nx = 1\n```\nand\n~~~\ny\n~~~\n"),
            (std::vector<FencedBlock>{{"python", "**a.py**", "x = 1\n", true},
                                      {"", "and", "y\n", true}}));
  EXPECT_EQ(fenced_blocks("```\nopen"), (std::vector<FencedBlock>{{"", "", "open\n", false}}));
  EXPECT_TRUE(fenced_blocks("no ```inline``` block").empty());
  EXPECT_TRUE(fenced_blocks("").empty());
}

TEST(ExtractionTest, ALongerFenceHoldsShorterOnes) {
  const auto blocks = fenced_blocks("````md\n```\ninner\n```\n````\n");
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].text, "```\ninner\n```\n");
}

TEST(ExtractionTest, ReadsThePathWhereverModelsPutIt) {
  const Files expected{{"src/a.py", "x\n"}};
  for (const char* reply :
       {"File src/a.py\n```python\nx\n```", "### `src/a.py`\n\n```\nx\n```",
        "**src/a.py**:\n```\nx\n```", "Here is the new src/a.py:\n```\nx\n```",
        "```python src/a.py\nx\n```", "```python:src/a.py\nx\n```", "```src/a.py\nx\n```",
        "```python title=\"src/a.py\"\nx\n```", "File: src/a.py\n~~~\nx\n~~~"}) {
    EXPECT_EQ(files(reply), expected) << reply;
  }
  EXPECT_EQ(files("```python\n# src/a.py\nx\n```"), (Files{{"src/a.py", "# src/a.py\nx\n"}}));
  EXPECT_EQ(files("```c\n// File: src/a.c\nx\n```"), (Files{{"src/a.c", "// File: src/a.c\nx\n"}}));
}

TEST(ExtractionTest, KnowsFilesWithoutAnExtensionByTheirName) {
  const Files known{{"Makefile", "all:\n"}};
  EXPECT_EQ(files("Makefile\n```\nall: x\n```", known), (Files{{"Makefile", "all: x\n"}}));
  EXPECT_TRUE(files("Makefile\n```\nall: x\n```").empty());
}

TEST(ExtractionTest, TheLastVersionOfAFileWins) {
  EXPECT_EQ(files("a.py\n```\n1\n```\nBetter:\n\nb.py\n```\n2\n```\na.py\n```\n3\n```"),
            (Files{{"a.py", "3\n"}, {"b.py", "2\n"}}));
}

TEST(ExtractionTest, ACutBlockIsNoFile) {
  EXPECT_TRUE(files("a.py\n```\nhalf", {}, ReplyEnd::cut).empty());
  EXPECT_EQ(files("a.py\n```\nwhole", {}, ReplyEnd::complete), (Files{{"a.py", "whole\n"}}));
}

TEST(ExtractionTest, DropsPathsOutsideOfTheWorkspace) {
  for (const char* path : {"/etc/cron.d/x.py", "../x.py", "a/../../x.py", "~/x.py", "..\\x.py"}) {
    for (const auto& file : files("File " + std::string(path) + "\n```\nx\n```")) {
      EXPECT_TRUE(is_workspace_path(file.path)) << file.path;
    }
    EXPECT_FALSE(is_workspace_path(path)) << path;
  }
  EXPECT_FALSE(is_workspace_path(""));
  EXPECT_FALSE(is_workspace_path("a/.."));
  EXPECT_FALSE(is_workspace_path(std::string("a\0b", 3)));
  EXPECT_TRUE(is_workspace_path("a/b..c/.d"));
}

TEST(ExtractionTest, GuessesTheFileThatABlockIsLike) {
  const Files candidates{{"tests.py", "from gcd import gcd\nassert gcd(4, 2) == 2\n"},
                         {"other.py", "def other():\n    return 1\n"},
                         {"gcd.py", "def gcd(a, b):\n    return gcd(a % b, b)\n"}};
  const std::string reply =
      "The bug is here:\n```python\nreturn gcd(a % b, b)\n```\n\nFixed:\n\n```python\ndef gcd(a, "
      "b):\n    return gcd(b, a % b)\n```\nRun:\n```\npython3 tests.py\n```\n";
  EXPECT_EQ(guess_file(reply, candidates, ReplyEnd::complete),
            (BriefedFile{"gcd.py", "def gcd(a, b):\n    return gcd(b, a % b)\n"}));
}

TEST(ExtractionTest, TheOnlyBlockIsTheFirstCandidate) {
  const Files candidates{{"test_x.py", "assert x\n"}, {"x.py", ""}};
  EXPECT_EQ(guess_file("```\nx = 1\n```", candidates, ReplyEnd::complete),
            (BriefedFile{"x.py", "x = 1\n"}));
  EXPECT_EQ(guess_file("```\nx = 1\n```\n```\nrun\n```", candidates, ReplyEnd::complete),
            std::nullopt);
  EXPECT_EQ(guess_file("```\nx = 1", candidates, ReplyEnd::cut), std::nullopt);
  const Files only_tests{{"tests.py", "assert x\n"}};
  EXPECT_EQ(guess_file("```\nassert x\n```", only_tests, ReplyEnd::complete), std::nullopt);
}

TEST(ExtractionTest, KnowsTestFiles) {
  for (const char* path :
       {"tests.py", "test.py", "a/test_x.py", "x_test.go", "x_test.cc", "ui.test.ts", "TESTS.PY"}) {
    EXPECT_TRUE(is_test_file(path)) << path;
  }
  for (const char* path : {"latest.py", "contest.py", "tests/data.py", "attest_x.py"}) {
    EXPECT_FALSE(is_test_file(path)) << path;
  }
}

TEST(ExtractionTest, ReadsTheAnswerLine) {
  EXPECT_EQ(extract_answer("First 2 + 2.\nAnswer: 4"), "4");
  EXPECT_EQ(extract_answer("**Final Answer:** Jane Austen\n"), "Jane Austen");
  EXPECT_EQ(extract_answer("Answer: no, wait\n...\n**Answer**: `42`"), "42");
  EXPECT_EQ(extract_answer("Answer:\n\\[ \\boxed{\\frac{1}{2}} \\]"), "\\frac{1}{2}");
  EXPECT_EQ(extract_answer("so $x = \\boxed{12}$ apples."), "12");
  EXPECT_EQ(extract_answer("Half of 84 is 42.\nSo the answer is 42."), "42");
  EXPECT_EQ(extract_answer("Answer: Latin\n\nThis is because of Haymo."), "Latin");
  EXPECT_EQ(extract_answer("Answer: \"Studio 33\""), "Studio 33");
  EXPECT_EQ(extract_answer("  Jane Austen \n"), "Jane Austen");
  EXPECT_EQ(extract_answer("It is 7.\nAnswer: "), "It is 7.");
  EXPECT_EQ(extract_answer("The plural is \"knives\". Answer:"), "The plural is \"knives\".");
  EXPECT_EQ(extract_answer("The answer is 7.\n**Answer:**"), "7");
  EXPECT_EQ(extract_answer("The plural is \"knives\". Answer: knives"), "knives");
  EXPECT_EQ(extract_answer("Is it 3.5 answer: no"), "Is it 3.5 answer: no");
  EXPECT_EQ(extract_answer("Answer:"), "");
  EXPECT_EQ(extract_answer("My answer to your question: none"), "My answer to your question: none");
  EXPECT_EQ(extract_answer(""), "");
}

TEST(ExtractionTest, ALongAnswerStaysWhole) {
  const std::string letter = "Dear Sir,\nplease find enclosed\n\nyours\n\nA.";
  EXPECT_EQ(extract_answer("Let me think.\nAnswer:\n" + letter), letter);
  const std::string quiz = "1. Who?\nAnswer: A\n\n2. When?\nAnswer: B";
  EXPECT_EQ(plain_answer(quiz), quiz);
  EXPECT_EQ(plain_answer("Answer: 42"), "42");
  EXPECT_EQ(plain_answer("2 + 2 is 4.\nAnswer: 4"), "4");
  EXPECT_EQ(plain_answer("No label here.\n"), "No label here.");
}

TEST(ExtractionTest, ProseIsWhatStandsOutsideOfBlocks) {
  EXPECT_EQ(prose_of("Fixed.\n```\nx\n```\nDone."), "Fixed.\nDone.");
  EXPECT_EQ(prose_of("```\nx"), "");
}

TEST(ExtractionTest, SurvivesAnyBytes) {
  SeededRandom random(3);
  const std::string parts[] = {"```", "````", "~~~",    "\n",  "a.py",      "Answer", ":",
                               " ",   "\\",   "boxed{", "}",   "\xff",      "\0",     "answer is",
                               "#",   "//",   "**",     "../", "/etc/x.py", "\r\n",   "\xe2\x82"};
  for (int round = 0; round < 20'000; ++round) {
    std::string reply;
    for (std::uint64_t i = random.next() % 24; i > 0; --i) {
      reply += parts[random.next() % std::size(parts)];
    }
    const Files known{{"a.py", "text\n"}};
    for (const ReplyEnd end : {ReplyEnd::complete, ReplyEnd::cut}) {
      for (const BriefedFile& file : extract_files(reply, known, end)) {
        ASSERT_TRUE(is_workspace_path(file.path)) << reply;
      }
      guess_file(reply, known, end);
    }
    ASSERT_LE(extract_answer(reply).size(), reply.size());
    ASSERT_LE(plain_answer(reply).size(), reply.size());
    prose_of(reply);
  }
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += "f" + std::to_string(i) + ".py\n```\nx\n```\n";
  EXPECT_EQ(files(many).size(), kMostWrittenFiles);
}

TEST(ExtractionTest, AnAnswerCountsWhenItsLineEndsBeforeTheCut) {
  for (const char* reply : {"Answer: 42\n", "**Final answer:** 42\nand so", "so \\boxed{42} and",
                            "Answer:\n42\nBecause"}) {
    EXPECT_EQ(answer_before_cut(reply), "42") << reply;
  }
  for (const char* reply : {"", "Answer:", "Answer: 4", "Answer:\n4", "so \\boxed{42", "42",
                            "the answer is 42\n", "Answer: \n\n"}) {
    EXPECT_EQ(answer_before_cut(reply), std::nullopt) << reply;
  }
}

}  // namespace
}  // namespace pareto
