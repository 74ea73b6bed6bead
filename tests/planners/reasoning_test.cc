#include "planners/reasoning.h"

#include <gtest/gtest.h>

#include "planners/instant.h"
#include "tests/planners/planner_fixtures.h"

namespace pareto {
namespace {

const ReasoningPlanner kPlanner;

TEST(ReasoningPlannerTest, AsksToThinkAndReadsTheAnswerLine) {
  auto world = world_of(question_task());
  world.replies = {saying("17 + 20 = 37, and 5 more is 42.\nAnswer: 42")};
  const Trajectory run = drive(kPlanner, question_task(), world);
  EXPECT_TRUE(run.all<Planned>()[0].messages[1].text.contains("step by step"));
  EXPECT_EQ(run.outcome->answer, "42");
}

TEST(ReasoningPlannerTest, MayWriteMoreThanInstant) {
  auto world = world_of(question_task());
  world.replies = {saying("Answer: 42")};
  const auto bound = [&world](const Planner& planner) {
    return drive(planner, question_task(), world).all<CallBegun>().at(0).max_output_tokens;
  };
  EXPECT_GT(bound(kPlanner), bound(InstantPlanner()));
}

TEST(ReasoningPlannerTest, ChangesTheWorkspaceAsInstantDoes) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.model.small = false;
  world.replies = {
      saying("It should be gcd(b, a % b):\n```\nreturn gcd(b, a % b)\n```\nSo:\n" + fenced_gcd())};
  world.verdicts = {{.passed = true}};
  const Trajectory thought = drive(kPlanner, task, world);
  const Trajectory at_once = drive(InstantPlanner(), task, world);
  EXPECT_EQ(thought.all<StepBegun>(), at_once.all<StepBegun>());
  ASSERT_EQ(thought.all<StepBegun>().size(), 1U);
  EXPECT_EQ(thought.outcome->status, Status::success);
}

TEST(ReasoningPlannerTest, AnswersShortlyWhenTimeRanOutWhileThinking) {
  auto world = world_of(question_task());
  world.replies = {{.usage = std::nullopt,
                    .error = Error{ErrorCode::timeout, "deadline"},
                    .took = Milliseconds(90'000)},
                   saying("Answer: 42")};
  const Trajectory run =
      drive(kPlanner, question_task(), world, {.seconds = Milliseconds(100'000)});
  const auto calls = run.all<CallBegun>();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_TRUE(calls[1].wrap_up);
  EXPECT_EQ(calls[1].max_output_tokens, kWrapUpTokens);
  EXPECT_EQ(run.outcome->answer, "42");
  EXPECT_EQ(run.outcome->reason, Reason::seconds);
}

TEST(ReasoningPlannerTest, AfterACutThoughtOneShortCallAsksForTheAnswer) {
  auto world = world_of(question_task());
  world.replies = {{.text = "First, 17 is", .finish_reason = FinishReason::length},
                   saying("Answer: 42")};
  const Trajectory run = drive(kPlanner, question_task(), world);
  const auto calls = run.all<CallBegun>();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[1].max_output_tokens, kWrapUpTokens);
  EXPECT_EQ(run.outcome->answer, "42");
  EXPECT_EQ(run.outcome->status, Status::success);
  expect_same_story_after_any_crash(kPlanner, question_task(), world);
}

TEST(ReasoningPlannerTest, EndlessThinkingIsAFailureWithItsReason) {
  const testing::ScriptedReply endless{.text = "First, 17 is 17 is 17 is",
                                       .finish_reason = FinishReason::length};
  auto world = world_of(question_task());
  world.replies = {endless, endless};
  const Trajectory run = drive(kPlanner, question_task(), world);
  EXPECT_EQ(run.outcome->receipt.model_calls, 2);
  EXPECT_EQ(run.outcome->status, Status::failure);
  EXPECT_EQ(run.outcome->reason, Reason::model);
  EXPECT_TRUE(run.outcome->error.contains("cut off")) << run.outcome->error;
  EXPECT_EQ(run.outcome->answer, endless.text) << "what there is is not thrown away";
  const Trajectory one_turn = drive(kPlanner, question_task(), world, {.turns = 1});
  EXPECT_EQ(one_turn.outcome->receipt.model_calls, 1);
  EXPECT_EQ(one_turn.outcome->status, Status::failure);
}

TEST(ReasoningPlannerTest, AnAnswerBeforeTheCutCounts) {
  auto world = world_of(question_task());
  world.replies = {{.text = "Answer: 42\nTo check: 17 +", .finish_reason = FinishReason::length}};
  const Trajectory run = drive(kPlanner, question_task(), world);
  EXPECT_EQ(run.outcome->receipt.model_calls, 1);
  EXPECT_EQ(run.outcome->status, Status::success);
}

TEST(ReasoningPlannerTest, ASmallModelStartsOverByNamingTheLine) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.replies = {saying("Hm.\n```\ndef gcd(a, b):\n    return gcd(b, b)\n```"),
                   saying("<<<<<<< gcd.py\nreturn gcd(a % b, b)\n=======\nreturn gcd(b, a % "
                          "b)\n>>>>>>>")};
  world.verdicts = {{.passed = false}, {.passed = true}};
  const Trajectory run = drive(kPlanner, task, world);
  const auto steps = run.all<StepBegun>();
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[1].calls[0].arguments, dump_json({{"path", "gcd.py"}, {"text", kFixedGcd}}));
  EXPECT_EQ(run.outcome->status, Status::success);
}

TEST(ReasoningPlannerTest, GoesOnAfterACrashAnywhere) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.replies = {saying("I think:\n" + fenced_gcd()), saying("Better.\n" + fenced_gcd())};
  world.verdicts = {{.passed = false, .output = "AssertionError\n"}};
  expect_same_story_after_any_crash(kPlanner, task, world);
}

}  // namespace
}  // namespace pareto
