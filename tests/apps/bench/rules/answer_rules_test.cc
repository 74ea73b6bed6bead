#include "apps/bench/rules/answer_rules.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "apps/bench/rules/canary_cipher.h"
#include "apps/bench/rules/gaia_answer.h"
#include "apps/bench/rules/judge_reply.h"

namespace pareto {
namespace {

double score(std::string_view type, std::string_view answer,
             const std::vector<std::string>& golds) {
  const AnswerRule* rule = find_answer_rule(type);
  if (rule == nullptr) {
    ADD_FAILURE() << "no rule " << type;
    return -1;
  }
  return rule->score(answer, golds);
}

TEST(AnswerRulesTest, AreFoundByName) {
  EXPECT_EQ(answer_rule_names(), "math, gaia, hotpot_f1, browsecomp, set_f1");
  EXPECT_EQ(find_answer_rule("judge"), nullptr);
  EXPECT_EQ(score("math", "It is \\boxed{0.5}.", {"\\frac12"}), 1);
}

TEST(HotpotF1Test, YesAndNoMatchWholeOrNotAtAll) {
  EXPECT_EQ(score("hotpot_f1", "Yes.", {"yes"}), 1);
  EXPECT_EQ(score("hotpot_f1", "yes, both", {"yes"}), 0);
  EXPECT_EQ(score("hotpot_f1", "no", {"no way out"}), 0);
  EXPECT_EQ(score("hotpot_f1", "noanswer", {"no answer"}), 0);
  EXPECT_DOUBLE_EQ(score("hotpot_f1", "the white goat", {"goat"}), 2.0 / 3);
  EXPECT_EQ(score("hotpot_f1", "ca\u00f1a", {"caa"}), 0) << "a word is not cut at its accent";
}

TEST(SetF1Test, CountsItemsOfAList) {
  const std::vector<std::string> golds{"Ada Orrin", "Bo Fell"};
  EXPECT_EQ(score("set_f1", "1. Bo Fell\n2. Ada Orrin\n", golds), 1);
  EXPECT_EQ(score("set_f1", "Ada Orrin, Bo Fell", golds), 1);
  EXPECT_EQ(score("set_f1", "- Ada Orrin\n- Ada Orrin", golds), 2.0 / 3) << "each once";
  EXPECT_EQ(score("set_f1", "Ada Orrin; Bo Fell; Cy Holm", golds), 0.8);
  EXPECT_EQ(score("set_f1", "", golds), 0);
}

TEST(PythonFloatTest, IsWhatPythonMakesOfIt) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<const char*, double>> numbers = {
      {"1", 1},      {" \t1.5\n", 1.5}, {"\u00a01\u2003", 1}, {"-.5", -.5},
      {"5.", 5},     {"1_000", 1000},   {"1_0.0_1", 10.01},   {"1e3", 1000},
      {"1E-2", .01}, {"+7", 7},         {"inf", inf},         {"-Infinity", -inf},
      {"iNf", inf},  {"1e999", inf},    {"1_0e1_0", 1e11}};
  for (const auto& [text, number] : numbers) {
    ASSERT_TRUE(python_float(text)) << text;
    EXPECT_EQ(*python_float(text), number) << text;
  }
  ASSERT_TRUE(python_float("NaN"));
  EXPECT_TRUE(std::isnan(*python_float("-nan")));
  for (const char* text : {"", " ", "_1", "1_", "1__0", "1_.0", "1._0", "1e", "e5", ".", "0x10",
                           "1,000", "1 000", "$1", "infin", "--1", "1e_5"}) {
    EXPECT_EQ(python_float(text), std::nullopt) << text;
  }
}

TEST(GaiaEqualTest, ComparesNumbersListsAndTexts) {
  const std::vector<std::pair<const char*, const char*>> equal = {
      {"$1,234", "1234"},         {"17.0", "17"},      {"89%", "89"},
      {" 1_000 ", "1000"},        {"17", " 17"},       {"3,4; 5", "3;4;5"},
      {"Tarn ,LOT", "tarn, lot"}, {"$3, b c", "3,bc"}, {"Sea Gull!", "seagull"},
      {"St. Orrin", "St Orrin"}};
  for (const auto& [answer, gold] : equal) EXPECT_TRUE(gaia_equal(answer, gold)) << answer;
  const std::vector<std::pair<const char*, const char*>> different = {
      {"17 goats", "17"}, {"1234", "1,234"},   {"nan", "nan"},   {"goat", "inf"},
      {"", "0"},          {"3,4", "3,4,5"},    {"4, 3", "3, 4"}, {"a.b", "a,b"},
      {"a., b", "a, b"},  {"gull", "sea gull"}};
  for (const auto& [answer, gold] : different) EXPECT_FALSE(gaia_equal(answer, gold)) << answer;
}

TEST(SimpleQaGradeTest, ALoneLetterOrAWholeWordIsAGrade) {
  using enum SimpleQaGrade;
  const std::vector<std::pair<const char*, SimpleQaGrade>> replies = {
      {"A", correct},
      {" b.\n", incorrect},
      {"(C)", not_attempted},
      {"**A**", correct},
      {"A: CORRECT", correct},
      {"CORRECT", correct},
      {"The grade is INCORRECT.", incorrect},
      {"NOT_ATTEMPTED", not_attempted},
      {"not attempted", not_attempted},
      // The first capital A, B or C is none.
      {"Correct", correct},
      {"Considering the answer, I would say INCORRECT", incorrect},
      {"A good answer would be B", not_attempted},
      {"It is CORRECT and not INCORRECT", not_attempted},
      {"", not_attempted},
  };
  for (const auto& [reply, grade] : replies) EXPECT_EQ(simpleqa_grade(reply), grade) << reply;
}

TEST(SimpleQaMetricsTest, ComputesTheFiguresOfThePaper) {
  using enum SimpleQaGrade;
  const SimpleQaMetrics metrics =
      simpleqa_metrics(std::vector{correct, incorrect, not_attempted, not_attempted});
  EXPECT_EQ(metrics, (SimpleQaMetrics{.correct = 0.25,
                                      .incorrect = 0.25,
                                      .not_attempted = 0.5,
                                      .accuracy_given_attempted = 0.5,
                                      .f1 = 2 * 0.5 * 0.25 / 0.75}));
  EXPECT_EQ(simpleqa_metrics({}), SimpleQaMetrics{});
  EXPECT_EQ(simpleqa_metrics(std::vector{not_attempted}).f1, 0);
}

TEST(BrowseCompReplyTest, TheWordBehindTheLabelDecides) {
  EXPECT_TRUE(browsecomp_correct("reasoning: same\n\ncorrect: yes\n\nconfidence: 90"));
  EXPECT_TRUE(browsecomp_correct("**correct:** Yes"));
  EXPECT_FALSE(browsecomp_correct("reasoning: yes, but no\ncorrect: no\n"));
  EXPECT_FALSE(browsecomp_correct("incorrect: yes"));
  EXPECT_FALSE(browsecomp_correct("correct: yesterday"));
  EXPECT_FALSE(browsecomp_correct(""));
}

TEST(ExactAnswerTest, IsTheLineOfThatName) {
  EXPECT_EQ(exact_answer("Explanation: x\nExact Answer: Orrin Mill\nConfidence: 9%"), "Orrin Mill");
  EXPECT_EQ(exact_answer("**Exact Answer:** *Tarn*"), "Tarn");
  EXPECT_EQ(exact_answer(" Tarn "), "Tarn");
}

TEST(CanaryCipherTest, OpensWhatItSealed) {
  for (const std::string& text : {std::string(), std::string("a"), std::string("ab"),
                                  std::string("abc"), std::string(100, '\xc3')}) {
    EXPECT_EQ(open_with_canary(seal_with_canary(text, "canary"), "canary"), text);
  }
  // SHA-256("c") begins 2e 7d 2c; XORed with "abc": 4f 1f 4f.
  EXPECT_EQ(seal_with_canary("abc", "c"), "Tx9P");
  for (const char* text : {"Tx9", "Tx9P=", "T===", "Tx9*", "Tx==9P=="}) {
    EXPECT_FALSE(open_with_canary(text, "c")) << text;
  }
}

}  // namespace
}  // namespace pareto
