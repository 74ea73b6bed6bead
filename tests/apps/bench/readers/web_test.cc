// Readers of questions for the open web: SimpleQA, BrowseComp, GAIA.
#include "apps/bench/answers.h"
#include "apps/bench/judging.h"
#include "apps/bench/readers/browsecomp.h"
#include "apps/bench/readers/gaia.h"
#include "apps/bench/readers/simpleqa.h"
#include "apps/bench/rules/answer_rules.h"
#include "apps/bench/rules/canary_cipher.h"
#include "tests/apps/bench/readers/fixture.h"

namespace pareto {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(SimpleQaTest, ReadsTheTable) {
  const std::string text =
      "metadata,problem,answer\n"
      "\"{'topic': 'Other', 'answer_type': 'Date', 'urls': ['https://a.example', "
      "'https://b.example']}\","
      "\"On which day did Orrin Mill, the older one, open?\",3 May 1888\n";
  EXPECT_EQ(recognised(text), "simpleqa");
  const auto tasks = tasks_as(kSimpleQa, text);
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].id, "simpleqa-0001");
  EXPECT_THAT(tasks[0].prompt, HasSubstr("On which day did Orrin Mill, the older one, open?"));
  EXPECT_EQ(score_of(tasks[0]), Json({{"type", "exact"}, {"answers", {"3 May 1888"}}}));
}

TEST(SimpleQaTest, RefusesWhatIsWrong) {
  EXPECT_THAT(error_as(kSimpleQa, "metadata,problem,answer\nx,q,\n"),
              HasSubstr("line 2: simpleqa: \"answer\": must not be empty"));
  EXPECT_THAT(error_as(kSimpleQa, "metadata,problem\nx,q\n"), HasSubstr("\"answer\": is required"));
  EXPECT_THAT(error_as(kSimpleQa, "metadata,problem,answer\nx,q,a\n", {{"score", "vote"}}),
              HasSubstr("expected exact or judge; found \"vote\""));
}

TEST(SimpleQaTest, MayBeJudged) {
  const auto read =
      read_as(kSimpleQa, "metadata,problem,answer\nx,q,The Orrin\n", {{"score", "judge"}});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(score_of(read->tasks[0]), Json({{"type", "judge"}, {"answers", {"The Orrin"}}}));
}

std::string browsecomp_file(const std::string& problem, const std::string& answer,
                            const std::string& canary) {
  return "problem,answer,problem_topic,canary\n" + seal_with_canary(problem, canary) + "," +
         seal_with_canary(answer, canary) + ",Art," + canary + "\n";
}

TEST(BrowseCompTest, OnlyThePromptIsDecrypted) {
  const std::string text = browsecomp_file("Which mill, \u00c5sa?", "Orrin Mill", "canary:12-ab");
  EXPECT_EQ(recognised(text), "browsecomp");
  const auto tasks = tasks_as(kBrowseComp, text);
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_TRUE(tasks[0].sensitive);
  EXPECT_THAT(tasks[0].prompt, HasSubstr("Which mill, \u00c5sa?"));
  EXPECT_THAT(tasks[0].prompt, HasSubstr("Exact Answer:"));
  EXPECT_THAT(dump_json(to_json(tasks[0])), Not(HasSubstr("Orrin Mill")));
  const auto golds = score_of(tasks[0])["answers"].get<std::vector<std::string>>();
  const AnswerRule* rule = find_answer_rule("browsecomp");
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->score("Explanation: old.\nExact Answer: the Orrin Mill.\nConfidence: 80%", golds),
            1);
  EXPECT_EQ(rule->score("Explanation: Orrin Mill\nExact Answer: another\nConfidence: 80%", golds),
            0);
  EXPECT_EQ(rule->score("", golds), 0);
}

TEST(BrowseCompTest, RefusesWhatCanNotBeDecrypted) {
  EXPECT_THAT(error_as(kBrowseComp, "problem,answer,problem_topic,canary\nno base64!,YQ==,Art,c\n"),
              HasSubstr("line 2: browsecomp: \"problem\": expected base64"));
  std::string text = browsecomp_file("Which of the mills is the older one?", "Orrin Mill", "right");
  text.replace(text.rfind("right"), 5, "wrong");
  EXPECT_THAT(error_as(kBrowseComp, text), HasSubstr("is no text when it is decrypted"));
}

TEST(BrowseCompTest, OnlyAJudgeIsShownTheGoldAnswer) {
  const auto read =
      read_as(kBrowseComp, browsecomp_file("Which mill?", "Orrin Mill", "c"), {{"score", "judge"}});
  ASSERT_TRUE(read) << read.error().message;
  const Task& task = read->tasks[0];
  EXPECT_THAT(dump_json(to_json(task)), Not(HasSubstr("Orrin Mill")));
  const Task question = judge_task(task, "Exact Answer: the mill on the Orrin", {"RUN1"});
  EXPECT_THAT(question.prompt, HasSubstr("- Orrin Mill\n"));
  EXPECT_TRUE(question.sensitive);
}

TEST(GaiaTest, ReadsQuestionsAndTheirFiles) {
  const std::string text =
      R"({"task_id": "g-1", "Question": "How many goats?", "Level": 1, "Final answer": "17", "file_name": "", "Annotator Metadata": {"Steps": "count"}})"
      "\n"
      R"({"task_id": "g-2", "Question": "What is in the sheet?", "Level": "2", "Final answer": "?", "file_name": "sheet.xlsx"})"
      "\n";
  EXPECT_EQ(recognised(text), "gaia");
  auto read = read_as(kGaia, text);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->tasks.size(), 2U);
  EXPECT_EQ(score_of(read->tasks[0]), Json({{"type", "gaia"}, {"answers", {"17"}}}));
  EXPECT_EQ(metadata_of(read->tasks[0]), Json({{"level", "1"}, {"solution", "17"}}));
  EXPECT_EQ(read->tasks[1].score, "") << "the answers of the test split are not public";
  EXPECT_THAT(read->tasks[1].prompt, HasSubstr("sheet.xlsx"));
  EXPECT_EQ(read->attachments, (std::map<std::string, std::string>{{"g-2", "sheet.xlsx"}}));
}

TEST(GaiaTest, RefusesWhatIsWrong) {
  EXPECT_THAT(error_as(kGaia, R"({"task_id": "a", "Question": "q"})"),
              HasSubstr("\"Final answer\": is required"));
  EXPECT_THAT(
      error_as(kGaia,
               R"({"task_id": "a", "Question": "q", "Final answer": "1", "file_name": "../x"})"),
      HasSubstr("\"file_name\""));
  EXPECT_THAT(error_as(kGaia, R"({"task_id": "a", "Question": "q", "Final answer": 17})"),
              HasSubstr("\"Final answer\": expected a string"));
}

}  // namespace
}  // namespace pareto
