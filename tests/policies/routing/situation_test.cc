#include "policies/routing/situation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/policies/routing/router_fixture.h"

namespace pareto {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kBriefBytes = 24 * 1024;

// Why an arm is barred, or empty.
std::string why(const Asked& asked, Mode mode, const std::vector<std::string>& local_models = {}) {
  const ModelInfo& model = asked.models.front();
  const Arm arm{.mode = mode, .model = model.name};
  const Router::Question question = asked.question();
  const auto obstacle = obstacle_of(arm, model, situation_of(question, kBriefBytes), question,
                                    {.local_models = local_models});
  return obstacle ? obstacle->why : "";
}

TEST(SituationTest, NothingBarsAPlainTask) {
  for (const Mode mode : {Mode::instant, Mode::reasoning, Mode::agentic}) {
    EXPECT_EQ(why(repair_question(), mode), "");
    EXPECT_EQ(why(word_problem(), mode), "");
  }
}

TEST(SituationTest, FilesThatDoNotFitBarTheModesWithoutTools) {
  Asked asked = repair_question();
  asked.recall.briefing.omitted = {"large.py"};
  asked.recall.briefing.total_bytes = 90'035;
  EXPECT_EQ(why(asked, Mode::instant),
            "90000 bytes of files and passages do not fit into one prompt");
  EXPECT_THAT(why(asked, Mode::reasoning), HasSubstr("do not fit"));
  EXPECT_EQ(why(asked, Mode::agentic), "");
}

TEST(SituationTest, AModeThatWasAskedForWorksWithWhatFits) {
  Asked asked = repair_question();
  asked.recall.briefing.omitted = {"large.py"};
  asked.mode = Mode::instant;
  EXPECT_EQ(why(asked, Mode::instant), "");
  EXPECT_EQ(why(asked, Mode::agentic), "mode instant was asked for");
}

TEST(SituationTest, FilesBesideAQuestionThatDoesNotNeedThemBarNothing) {
  Asked asked = word_problem();
  asked.recall.briefing.omitted = {"large.py"};
  asked.recall.briefing.total_files = 1;
  asked.recall.briefing.total_bytes = 90'000;
  EXPECT_EQ(why(asked, Mode::instant), "");
}

TEST(SituationTest, FilesThatWereNotBriefedCountByTheTask) {
  Asked asked = repair_question();
  asked.recall.briefing = {};
  asked.task.files["tests.py"] = std::string(30'000, 'x');
  EXPECT_THAT(why(asked, Mode::instant), HasSubstr("do not fit"));
}

TEST(SituationTest, PassagesThatDoNotFitBarTheModesWithoutTools) {
  Asked asked;
  asked.task.prompt = "Who wrote Faust?";
  asked.task.corpus = "/c.jsonl";
  asked.recall.briefing.passages = {{"1", "Faust", std::string(30'000, 'x')}};
  EXPECT_THAT(why(asked, Mode::instant), HasSubstr("do not fit"));
  EXPECT_EQ(why(asked, Mode::agentic), "");
}

TEST(SituationTest, AContextThatIsTooSmallBarsTheCall) {
  Asked asked = repair_question();
  asked.models[0].context = 4'096;
  asked.recall.briefing.files[0].text = std::string(20'000, 'x');
  EXPECT_THAT(why(asked, Mode::instant), HasSubstr("local has room for 2048"));
  EXPECT_EQ(why(asked, Mode::agentic), "");
}

TEST(SituationTest, LimitsOfZeroBarEverything) {
  for (const Mode mode : {Mode::instant, Mode::reasoning, Mode::agentic}) {
    Asked turns = repair_question();
    turns.limits.turns = 0;
    EXPECT_THAT(why(turns, mode), HasSubstr("the limit is 0"));
    Asked seconds = repair_question();
    seconds.limits.seconds = Milliseconds(0);
    EXPECT_EQ(why(seconds, mode), "the limit is 0 seconds");
    Asked money = repair_question();
    money.limits.usd = Money();
    EXPECT_THAT(why(money, mode), HasSubstr("the budget is 0.000000000 USD"));
  }
}

TEST(SituationTest, OneTurnIsEnoughWithoutTools) {
  Asked asked = repair_question();
  asked.limits.turns = 1;
  EXPECT_EQ(why(asked, Mode::instant), "");
  EXPECT_EQ(why(asked, Mode::agentic), "needs 2 turns, the limit is 1");
}

TEST(SituationTest, ABudgetMustCoverTheWorstCaseOfOneCall) {
  Asked asked = word_problem();
  // 2,048 output tokens at 3.70 USD a million are 0.0075776 USD, before any input.
  asked.limits.usd = usd("0.0075776");
  EXPECT_THAT(why(asked, Mode::instant), HasSubstr("one call may cost 0.00"));
  asked.limits.usd = usd("0.0100");
  EXPECT_EQ(why(asked, Mode::instant), "");
}

TEST(SituationTest, AnUnknownPriceIsBarredUnderABudgetOnly) {
  Asked asked = word_problem();
  asked.models[0].price.reset();
  EXPECT_EQ(why(asked, Mode::instant), "");
  asked.limits.usd = usd("10");
  EXPECT_THAT(why(asked, Mode::instant), HasSubstr("price of local is unknown"));
}

TEST(SituationTest, ASensitiveTaskStaysOnThisMachine) {
  Asked asked = word_problem();
  asked.task.sensitive = true;
  EXPECT_THAT(why(asked, Mode::instant), HasSubstr("does not run on this machine"));
  EXPECT_EQ(why(asked, Mode::instant, {"local"}), "");
}

TEST(SituationTest, WithoutAToolToActWithThereIsNoAgent) {
  Asked asked = word_problem();
  asked.task.tools = {"finish"};
  EXPECT_EQ(why(asked, Mode::agentic), "the task has no tool to act with");
  asked.task.tools = {"finish", "run"};
  EXPECT_EQ(why(asked, Mode::agentic), "");
}

}  // namespace
}  // namespace pareto
