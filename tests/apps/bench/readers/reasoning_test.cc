// Readers of problems whose answers are checked by rule: GSM8K, MATH-500, MMLU-Pro.
#include "apps/bench/readers/gsm8k.h"
#include "apps/bench/readers/math500.h"
#include "apps/bench/readers/mmlu_pro.h"
#include "tests/apps/bench/readers/fixture.h"

namespace pareto {
namespace {

using testing::HasSubstr;

TEST(Gsm8kTest, TakesTheNumberBehindTheMark) {
  const std::string text =
      R"({"question": "Ida has 3 bags of 4 pears. How many pears?", "answer": "3*4=<<3*4=12>>12\n#### 12"})"
      "\n"
      R"({"question": "A barn costs $1,250. And two?", "answer": "Twice.\n#### 2,500"})"
      "\n";
  EXPECT_EQ(recognised(text), "gsm8k");
  const auto tasks = tasks_as(kGsm8k, text);
  ASSERT_EQ(tasks.size(), 2U);
  const Task first{
      .id = "gsm8k-0001",
      .label = "math",
      .prompt =
          "Ida has 3 bags of 4 pears. How many pears?\n\n"
          "End your answer with a line that holds the number alone.",
      .score = R"({"type":"number","answer":"12"})",
      .metadata = R"({"solution":"12"})",
  };
  EXPECT_EQ(tasks[0], first);
  EXPECT_EQ(score_of(tasks[1]), Json({{"type", "number"}, {"answer", "2500"}}));
}

TEST(Gsm8kTest, RefusesWhatIsWrong) {
  EXPECT_THAT(error_as(kGsm8k, R"({"question": "q", "answer": "12"})"),
              HasSubstr("line 1: gsm8k: \"answer\": expected a last line \"#### NUMBER\""));
  EXPECT_THAT(error_as(kGsm8k, R"({"question": "q", "answer": "#### twelve"})"),
              HasSubstr("\"answer\""));
  EXPECT_THAT(error_as(kGsm8k, R"({"answer": "#### 1"})"), HasSubstr("\"question\": is required"));
  EXPECT_THAT(error_as(kGsm8k, R"({"question": "", "answer": "#### 1"})"),
              HasSubstr("\"question\": must not be empty"));
  EXPECT_THAT(error_as(kGsm8k, R"({"question": 5, "answer": "#### 1"})"),
              HasSubstr("\"question\": expected a string"));
  EXPECT_THAT(error_as(kGsm8k, R"({"question": "q", "answer": "#### 1"})", {{"seed", 1}}),
              HasSubstr("\"seed\": unknown key"));
}

TEST(Math500Test, ReadsProblemAndAnswer) {
  const std::string text =
      R"({"problem": "What is $\\frac14$ of 2?", "solution": "Half: $\\boxed{\\frac12}$.", "answer": "\\frac12", "subject": "Prealgebra", "level": 1, "unique_id": "test/prealgebra/1.json"})"
      "\n"
      R"({"problem": "Solve $x^2=4$.", "answer": "-2, 2", "level": 2})"
      "\n";
  EXPECT_EQ(recognised(text), "math500");
  const auto tasks = tasks_as(kMath500, text);
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[0].id, "test/prealgebra/1.json");
  EXPECT_EQ(score_of(tasks[0]), Json({{"type", "math"}, {"answers", {"\\frac12"}}}));
  EXPECT_EQ(metadata_of(tasks[0]),
            Json({{"solution", "\\boxed{\\frac12}"}, {"subject", "Prealgebra"}}));
  EXPECT_EQ(tasks[1].id, "math500-0002");
  EXPECT_THAT(tasks[1].prompt, HasSubstr("Solve $x^2=4$."));
  EXPECT_THAT(error_as(kMath500, R"({"problem": "p", "answer": ""})"),
              HasSubstr("\"answer\": must not be empty"));
}

TEST(MmluProTest, LettersTheOptions) {
  const std::string text =
      R"([{"question_id": 7, "question": "Which is a herb?", "options": ["granite", "basil", "tin", "N/A"], "answer": "B", "answer_index": 1, "category": "biology", "cot_content": ""}])";
  EXPECT_EQ(recognised(text), "mmlu_pro");
  const Task task{
      .id = "mmlu_pro-7",
      .label = "biology",
      .prompt =
          "Which is a herb?\n\nA. granite\nB. basil\nC. tin\n\nEnd your answer with \"The "
          "answer is (X)\", X being the letter of the right option.",
      .score = R"({"type":"choice","answer":"B"})",
      .metadata = R"J({"solution":"The answer is (B)"})J",
  };
  EXPECT_EQ(tasks_as(kMmluPro, text), std::vector<Task>{task});
}

TEST(MmluProTest, RefusesWhatDoesNotFitTogether) {
  const auto error = [](Json change) {
    Json row = {{"question", "q"}, {"options", {"x", "y"}}, {"answer", "A"}, {"answer_index", 0}};
    row.update(change);
    return error_as(kMmluPro, dump_json(row));
  };
  EXPECT_EQ(error(Json::object()), "(no error)");
  EXPECT_THAT(error({{"answer", "C"}, {"answer_index", nullptr}}),
              HasSubstr("C is none of 2 options"));
  EXPECT_THAT(error({{"answer_index", 1}}), HasSubstr("is 1, but the answer is A"));
  EXPECT_THAT(error({{"answer", "x"}}), HasSubstr("expected one capital letter"));
  EXPECT_THAT(error({{"options", Json::array()}}), HasSubstr("expected 2 to 26 options; found 0"));
  EXPECT_THAT(error({{"options", "x"}}), HasSubstr("\"options\": expected a list"));
}

}  // namespace
}  // namespace pareto
