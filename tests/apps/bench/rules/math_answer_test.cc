#include "apps/bench/rules/math_answer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace pareto {
namespace {

struct Pair {
  const char* answer;
  const char* gold;
};

TEST(MathEqualTest, SameThingsWrittenInSeveralWays) {
  const std::vector<Pair> pairs = {
      {"1/2", "\\frac12"},
      {"0.5", "\\frac{1}{2}"},
      {".5", "\\dfrac{1}{2}"},
      {"\\frac 34", "3/4"},
      {"-\\frac{1}{3}", "\\frac{-1}{3}"},
      {"137.5", "137 \\frac{1}{2}"},
      {"-2.5", "-2\\frac{1}{2}"},
      {"90", "90^\\circ"},
      {"90°", "90^{\\circ}"},
      {"12\\%", "12"},
      {"\\$4,\\!250", "4250"},
      {"4{,}250", "4250"},
      {"4,250", "4250"},
      {"$7$", "7"},
      {"\\(7\\)", "7."},
      {"15", "15\\mbox{ cm}^2"},
      {"15 square meters", "15"},
      {"\\frac{27}{7} \\text{ degrees}", "\\frac{27}7"},
      {"(B)", "\\text{(B)}"},
      {"B", "\\text{(B)}"},
      {"North", "\\text{north}"},
      {"y=3x+1", "y = 3x + 1"},
      {"3x+1", "y = 3x + 1"},
      {"[0,2)", "x \\in [0,2)"},
      {"-5i+6", "6 - 5i"},
      {"\\frac{1}{\\sqrt3}", "\\frac{\\sqrt{3}}{3}"},
      {"\\sqrt[3]{8}", "2"},
      {"2\\cdot 3", "6"},
      {"\\left( \\frac{3}{5}, 2 \\right]", "(0.6,2]"},
      {"7, 3, 5", "3, 5, 7"},
      {"3 \\text{ and } 5", "5,3"},
      {"1+\\sqrt{2}, 1-\\sqrt{2}", "1 \\pm \\sqrt{2}"},
      {"\\{2, 1-\\sqrt5, 1+\\sqrt5\\}", "\\{1\\pm\\sqrt{5},2\\}"},
      {"(3,\\infty) \\cup (-\\infty,2)", "(-\\infty, 2) \\cup (3, \\infty)"},
      {"\\begin{bmatrix} 1/2 \\\\ 3 \\end{bmatrix}",
       "\\begin{pmatrix} \\frac12 \\\\ 3 \\end{pmatrix}"},
      {"421_{5}", "421_5"},
      {"x^{2}", "x^2"},
      {"\u22123", "-3"},
  };
  for (const auto& [answer, gold] : pairs) {
    EXPECT_TRUE(math_equal(answer, gold)) << answer << " is " << gold;
    EXPECT_TRUE(math_equal(gold, answer)) << gold << " is " << answer;
  }
}

TEST(MathEqualTest, DifferentThingsStayDifferent) {
  const std::vector<Pair> pairs = {
      {"", "0"},
      {"", ""},
      {"1/3", "0.333"},
      {"18", "18+2\\pi"},
      {"[0.6,2]", "(0.6,2]"},
      {"(2,1)", "(1,2)"},
      {"3", "3, 5"},
      {"3, 5", "3, 5, 5"},
      {"3,5,5", "3,3,5"},
      {"421_5", "421"},
      {"5i-6", "6-5i"},
      {"(a+5)(b+2)", "(a+2)(b+5)"},
      {"\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "\\begin{pmatrix} 2 \\\\ 1 \\end{pmatrix}"},
      {"9007199254740993", "9007199254740992"},
      {"1/0", "2/0"},
      {"x", "X"},
      {"2^{5}", "2"},
  };
  for (const auto& [answer, gold] : pairs) {
    EXPECT_FALSE(math_equal(answer, gold)) << answer << " is not " << gold;
  }
}

TEST(MathEqualTest, HostileTextIsNoCrash) {
  for (const std::string& text :
       {std::string(3000, '('), std::string(3000, '{'), std::string(3000, '-'),
        std::string("\\frac"), std::string("\\sqrt["), std::string("\\begin"),
        std::string("\\boxed"), std::string("^_^_"), std::string("\\frac{\\frac{\\frac{"),
        std::string(100'000, '1'), std::string("9^9^9^9^9"), std::string("\\pm\\pm"),
        std::string("\xff\xfe\x01\x02")}) {
    math_equal(text, "1");
    math_equal("1", text);
    final_math_answer(text);
  }
  std::string deep;
  for (int i = 0; i < 500; ++i) deep += "\\sqrt{";
  EXPECT_FALSE(math_equal(deep, "1"));
}

TEST(MathValueTest, EvaluatesWhatHasNoVariables) {
  const auto real = [](const char* text) {
    const auto value = math_value(text);
    return value && value->imag() == 0 ? value->real() : std::nan("");
  };
  EXPECT_DOUBLE_EQ(real("1+2*3-4/8"), 6.5);
  EXPECT_DOUBLE_EQ(real("-2^2"), -4);
  EXPECT_DOUBLE_EQ(real("2^3^2"), 512);
  EXPECT_DOUBLE_EQ(real("2(3)(4)"), 24);
  EXPECT_DOUBLE_EQ(real("3pi"), 3 * std::numbers::pi);
  EXPECT_DOUBLE_EQ(real("sqrt(9)"), 3);
  for (const char* text : {"", "x", "1+", "(1", "1)", "1..2", ".", "2x", "1/0", "421_5"}) {
    EXPECT_EQ(math_value(text), std::nullopt) << text;
  }
}

TEST(FinalMathAnswerTest, TheLastBoxHolds) {
  EXPECT_EQ(final_math_answer("First \\boxed{1}, no: \\boxed{\\frac{1}{2}} it is."),
            "\\frac{1}{2}");
  EXPECT_EQ(final_math_answer("\\fbox{7}"), "7");
  EXPECT_EQ(final_math_answer("so \\boxed 5."), "5");
  EXPECT_EQ(final_math_answer("We add.\nThe answer is $12$.\n"), "$12$");
  EXPECT_EQ(final_math_answer("Answer: 3\nAnswer: **4**"), "4");
  EXPECT_EQ(final_math_answer("We add.\n\n12\n\n"), "12");
  EXPECT_EQ(final_math_answer(" \n"), "");
}

}  // namespace
}  // namespace pareto
