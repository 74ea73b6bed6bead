#include "apps/bench/answers.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pareto {
namespace {

TEST(NormaliseAnswerTest, FollowsTheOriginalEvaluation) {
  // What normalize_answer of SQuAD's evaluate-v1.1.py returns for the same texts.
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"The  Eiffel Tower!", "eiffel tower"},
      {"an apple a day", "apple day"},
      {"The the a", ""},
      {"anthem", "anthem"},
      {"U.S.A.", "usa"},
      {"well-known", "wellknown"},
      {"  tabs\tand\nlines  ", "tabs and lines"},
      {"a_b", "ab"},
      {"", ""},
      {"!?", ""},
  };
  for (const auto& [text, normal] : cases) EXPECT_EQ(normalise_answer(text), normal) << text;
}

TEST(NormaliseAnswerTest, WordsEndWhereUnicodeSaysSo) {
  // With an ASCII word boundary "caña" would end in an article.
  EXPECT_EQ(normalise_answer("caña"), "caña");
  EXPECT_EQ(normalise_answer("ña a caña"), "ña caña");
  // A typographic quote is no part of a word: what stands behind it may be an article.
  EXPECT_EQ(normalise_answer("“the cat”"), "“ cat”");
  EXPECT_EQ(normalise_answer("the—cat"), "—cat");
}

TEST(NormaliseAnswerTest, EveryUnicodeBlankSeparatesWords) {
  for (const char* blank : {"\u00a0", "\u1680", "\u2003", "\u200a", "\u2028", "\u2029", "\u202f",
                            "\u205f", "\u3000", "\u0085", "\v", "\f", "\x1c", "\x1f"}) {
    EXPECT_EQ(normalise_answer(std::string("two") + blank + "words"), "two words");
    EXPECT_EQ(normalise_answer(std::string(blank) + "word" + blank), "word");
  }
  EXPECT_EQ(normalise_answer("zero\u200bwidth"), "zero\u200bwidth") << "no blank in Unicode";
}

TEST(NormaliseAnswerTest, LowersLettersBeyondAscii) {
  EXPECT_EQ(normalise_answer("ÉCOLE"), "école");
  EXPECT_EQ(normalise_answer("ΑΘΗΝΑ Москва"), "αθηνα москва");
}

TEST(NormaliseAnswerTest, SurvivesBytesThatAreNoText) {
  EXPECT_EQ(normalise_answer("\xff The \xc3"), "\xff \xc3");
  EXPECT_EQ(normalise_answer(std::string("a\0b", 3)), std::string("\0b", 2));
}

TEST(ExactMatchTest, IsOneForAnyGoldAnswer) {
  const std::vector<std::string> golds = {"Tarn", "the river Tarn"};
  EXPECT_EQ(exact_match("The Tarn.", golds), 1);
  EXPECT_EQ(exact_match("River Tarn", golds), 1);
  EXPECT_EQ(exact_match("Tarn and Lot", golds), 0);
  EXPECT_EQ(exact_match("", golds), 0);
}

double f1(const std::string& answer, std::vector<std::string> golds) {
  return token_f1(answer, golds);
}

TEST(TokenF1Test, AgreesWithHandComputedValues) {
  EXPECT_DOUBLE_EQ(f1("the white goat", {"white goat"}), 1.0);
  // 1 common word of 2 and 1: precision 1/2, recall 1.
  EXPECT_DOUBLE_EQ(f1("white goat", {"goat"}), 2.0 / 3);
  // 2 common of 4 and 3: precision 1/2, recall 2/3.
  EXPECT_DOUBLE_EQ(f1("pell sons built it", {"Pell Sons yard"}), 4.0 / 7);
  // A word that is repeated counts as often as the gold has it: 1 of 3, 1 of 1.
  EXPECT_DOUBLE_EQ(f1("goat goat goat", {"goat"}), 0.5);
  EXPECT_DOUBLE_EQ(f1("goat", {"cow", "goat", "brown goat"}), 1.0) << "the best gold counts";
  EXPECT_DOUBLE_EQ(f1("cow", {"goat"}), 0.0);
  EXPECT_DOUBLE_EQ(f1("", {"goat"}), 0.0);
  EXPECT_DOUBLE_EQ(f1("the", {"a"}), 1.0) << "both are empty once normalised";
}

TEST(LastNumberTest, ReadsWhatPeopleWrite) {
  const std::vector<std::pair<std::string, double>> cases = {
      {"61", 61},
      {"The answer is 1,234.5.", 1234.5},
      {"12 apples and 7 pears", 7},
      {"-3", -3},
      {"it fell to \u22123 degrees", -3},
      {"x=-3", -3},
      {"3-4", 4},
      {"page A-4", 4},
      {"3 - 4", 4},
      {".5", 0.5},
      {"-.25", -0.25},
      {"2/5", 5},
      {"1e-3", 0.001},
      {".5e1", 5},
      {"$1,000,000", 1e6},
      {"50%", 50},
      {"12,34", 34},
      {"1234,567", 567},
      {"**61**", 61},
      {"61 (see note 1)", 1},
      {"12 \xff", 12},
  };
  for (const auto& [text, number] : cases) {
    const auto found = last_number(text);
    ASSERT_TRUE(found) << text;
    EXPECT_DOUBLE_EQ(*found, number) << text;
  }
}

TEST(LastNumberTest, NothingIsNoNumber) {
  EXPECT_EQ(last_number(""), std::nullopt);
  EXPECT_EQ(last_number("sixty-one"), std::nullopt);
  EXPECT_EQ(last_number("nan and inf"), std::nullopt);
  EXPECT_EQ(last_number("1e999"), std::nullopt);
}

TEST(ChosenLetterTest, NeedsALoneLetter) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"B", "B"},
      {"(b)", "B"},
      {"b.", "B"},
      {"**C**", "C"},
      {"Answer: B", "B"},
      {"Answer: (b)", "B"},
      {"The answer is **D**.", "D"},
      {"\\boxed{B}", "B"},
      {"The answer is $\\boxed{A}$", "A"},
      {"A or B? B", "B"},
      {"The answer is A because B is wrong.", "A"},
      {"B, because I know the town.", "B"},
      {"I think it is (c) since the others float", "C"},
      {"I", "I"},
      {"CORRECT", ""},
      {"INCORRECT", ""},
      {"Correct. Best choice.", ""},
      {"I don't know", ""},
      {"It's 4B", ""},
      {"", ""},
      {"\xff\xfe", ""},
  };
  for (const auto& [text, letter] : cases) EXPECT_EQ(chosen_letter(text), letter) << text;
}

}  // namespace
}  // namespace pareto
