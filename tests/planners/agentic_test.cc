#include "planners/agentic.h"

#include <gtest/gtest.h>

#include "planners/instant.h"
#include "planners/reasoning.h"
#include "policies/concerns/catalogue.h"
#include "tests/planners/planner_fixtures.h"

namespace pareto {
namespace {

const AgenticPlanner kPlanner;

const std::string kEdit = R"({"path":"gcd.py","old":"a % b, b","new":"b, a % b"})";

TEST(AgenticPlannerTest, WorksWithToolsUntilFinish) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.replies = {calling("edit", kEdit), calling("run_tests", "{}"), finishing("Fixed.")};
  world.verdicts = {{.passed = true}};
  const Trajectory run = drive(kPlanner, task, world);
  EXPECT_EQ(run.all<Planned>()[0].tools, world.recall.tools);
  EXPECT_EQ(run.outcome->status, Status::success);
  EXPECT_EQ(run.outcome->answer, "Fixed.");
  EXPECT_EQ(run.outcome->receipt.turns, 3);
}

TEST(AgenticPlannerTest, ShowsSmallFilesAndNamesLargeOnes) {
  Task task = repair_task();
  task.files["big.py"] = std::string(5'000, 'b');
  auto world = world_of(task);
  world.replies = {finishing("done")};
  world.verdicts = {{.passed = false}};
  const std::string prompt = drive(kPlanner, task, world).all<Planned>()[0].messages.at(1).text;
  EXPECT_TRUE(prompt.contains("File gcd.py\n```")) << prompt;
  EXPECT_TRUE(prompt.contains("Other files: big.py")) << prompt;
  EXPECT_LT(prompt.size(), 1'000U);
}

TEST(AgenticPlannerTest, SendsATextBackTwiceThenTakesItAsTheAnswer) {
  auto world = world_of(question_task());
  world.replies = {saying("Hm."), saying("Let me see."), saying("Answer: 42"), saying("never")};
  const Trajectory run = drive(kPlanner, question_task(), world);
  const auto calls = run.all<CallBegun>();
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_TRUE(calls[0].appended.empty());
  EXPECT_EQ(calls[1].appended, calls[2].appended);
  EXPECT_EQ(run.outcome->answer, "42");
}

TEST(AgenticPlannerTest, EndlessTextsAreAFailureWithItsReason) {
  const testing::ScriptedReply endless{.text = "Let me see. Let me see. Let",
                                       .finish_reason = FinishReason::length};
  auto world = world_of(question_task());
  world.replies = {endless, endless, endless};
  const Trajectory run = drive(kPlanner, question_task(), world);
  EXPECT_EQ(run.outcome->receipt.turns, 3);
  EXPECT_EQ(run.outcome->status, Status::failure);
  EXPECT_EQ(run.outcome->reason, Reason::model);
  EXPECT_EQ(run.outcome->answer, endless.text);
}

TEST(AgenticPlannerTest, AToolCallEndsTheRowOfTexts) {
  auto world = world_of(question_task());
  world.replies = {saying("a"), saying("b"), calling("view", "{}"),
                   saying("c"), saying("d"), finishing("42")};
  const Trajectory run = drive(kPlanner, question_task(), world);
  EXPECT_EQ(run.outcome->answer, "42");
  EXPECT_EQ(run.outcome->receipt.turns, 6);
}

TEST(AgenticPlannerTest, WorksOnAfterAFailedCheckThreeTimesAtMost) {
  const Task task = repair_task();
  auto world = world_of(task);
  for (int i = 0; i < 10; ++i) {
    world.replies.push_back(calling("edit", kEdit));
    world.replies.push_back(finishing("try " + std::to_string(i)));
  }
  world.verdicts = {{.passed = false, .output = "AssertionError"}};
  const Trajectory run = drive(kPlanner, task, world);
  EXPECT_EQ(run.all<VerifyBegun>().size(), 4U);
  EXPECT_EQ(run.outcome->reason, Reason::verify_failed);
  EXPECT_EQ(run.outcome->answer, "try 3");
  int shown = 0;
  for (const CallBegun& call : run.all<CallBegun>())
    shown += static_cast<int>(call.appended.size());
  EXPECT_EQ(shown, 3);
}

TEST(AgenticPlannerTest, AModelThatInsistsWithoutAChangeIsNotAskedAgain) {
  const Task task = repair_task();
  auto world = world_of(task);
  for (int i = 0; i < 10; ++i) world.replies.push_back(finishing("done"));
  world.verdicts = {{.passed = false}};
  const Trajectory run = drive(kPlanner, task, world);
  EXPECT_EQ(run.outcome->receipt.turns, 2);
  EXPECT_EQ(run.all<VerifyBegun>().size(), 1U);
}

TEST(AgenticPlannerTest, AFailedCheckIsNotWorkedOnWithoutTurns) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.replies = {calling("edit", kEdit), finishing("done"), finishing("never")};
  world.verdicts = {{.passed = false}};
  const Trajectory run = drive(kPlanner, task, world, {.turns = 2});
  EXPECT_EQ(run.outcome->receipt.model_calls, 2);
  EXPECT_EQ(run.outcome->reason, Reason::verify_failed);
}

TEST(AgenticPlannerTest, StopsAfterTenCallsThatNoToolUnderstands) {
  auto world = world_of(question_task());
  for (int i = 0; i < 20; ++i) {
    world.replies.push_back(calling("bogus", "{\"n\":" + std::to_string(i) + "}"));
  }
  world.replies[10] = finishing("what I have");
  world.tool = [](const auto&, const ToolCall& call) {
    return ToolResult{
        .status = call.name == "finish" ? ResultStatus::ok : ResultStatus::invalid_call,
        .text = "no such tool"};
  };
  const Trajectory run = drive(kPlanner, question_task(), world);
  EXPECT_EQ(run.outcome->reason, Reason::invalid_calls);
  EXPECT_EQ(run.outcome->receipt.turns, 10);
  EXPECT_EQ(run.outcome->answer, "what I have");
}

TEST(AgenticPlannerTest, ASmallModelSearchesTwiceAndThenAnswers) {
  auto world = world_of(corpus_task());
  world.replies = {calling("search", R"({"query":"Emma"})"), calling("search", R"({"query":"x"})"),
                   finishing("Jane Austen")};
  const auto forced = [&world] {
    std::vector<std::string> tools;
    testing::PureDriver driver(world, kPlanner);
    driver.start(testing::started_with(corpus_task()));
    driver.on_action = [&tools](const auto&, const Action& action) {
      if (const auto* call = std::get_if<CallModel>(&action)) tools.push_back(call->only_tool);
    };
    EXPECT_EQ(driver.drive()->answer, "Jane Austen");
    return tools;
  };
  EXPECT_EQ(forced(), (std::vector<std::string>{"", "", "finish"}));
  world.model.small = false;
  EXPECT_EQ(forced(), (std::vector<std::string>{"", "", ""}));
}

TEST(AgenticPlannerTest, TheWrapUpForcesFinishAndLeavesNoTraceInTheHistory) {
  const auto concerns_on = *concerns(default_concern_order(), {});
  auto world = world_of(corpus_task());
  world.replies = {calling("search", R"({"query":"Emma"})"), calling("search", R"({"query":"x"})"),
                   finishing("Jane Austen")};
  testing::PureDriver driver(world, kPlanner, concerns_on);
  driver.start(testing::started_with(corpus_task(), {.turns = 2}));
  std::optional<CallModel> wrap_up;
  driver.on_action = [&wrap_up](const auto&, const Action& action) {
    const auto* call = std::get_if<CallModel>(&action);
    if (call != nullptr && call->wrap_up) wrap_up = *call;
  };
  const auto outcome = driver.drive();
  ASSERT_TRUE(wrap_up);
  EXPECT_EQ(wrap_up->only_tool, "finish");
  EXPECT_TRUE(wrap_up->with_tools) << "the specs are part of the prefix";
  EXPECT_TRUE(wrap_up->append.empty());
  EXPECT_EQ(wrap_up->max_output_tokens, kWrapUpTokens);
  for (const MessageRef& message : driver.run()->history.messages()) {
    EXPECT_FALSE(message->text.contains("limit of this task"));
  }
  EXPECT_EQ(outcome->answer, "Jane Austen");
  EXPECT_EQ(outcome->status, Status::limit);
  EXPECT_EQ(outcome->receipt.turns, 2);
}

TEST(AgenticPlannerTest, AWrapUpInTextIsAnAnswerToo) {
  const auto concerns_on = *concerns(default_concern_order(), {});
  auto world = world_of(question_task());
  world.replies = {calling("view", "{}"), saying("The answer is 42.")};
  const Trajectory run = drive(kPlanner, question_task(), world, {.turns = 1}, concerns_on);
  EXPECT_EQ(run.outcome->answer, "42");
}

TEST(AgenticPlannerTest, ALoopIsNudgedAndTheFailedCheckIsStillShown) {
  const auto concerns_on = *concerns(default_concern_order(), {});
  const Task task = repair_task();
  auto world = world_of(task);
  // Three times the same, and then `finish` while the nudge is due.
  for (int i = 0; i < 3; ++i) world.replies.push_back(calling("view", R"({"path":"gcd.py"})"));
  world.replies.push_back(finishing("done"));
  world.replies.push_back(calling("edit", kEdit));
  world.replies.push_back(finishing("fixed"));
  world.verdicts = {{.passed = false, .output = "AssertionError"}, {.passed = true}};
  const Trajectory run = drive(kPlanner, task, world, {.turns = 20}, concerns_on);
  EXPECT_EQ(run.all<Nudged>().size(), 1U);
  EXPECT_EQ(run.outcome->status, Status::success);
}

TEST(AgenticPlannerTest, PromptsHoldNoClockAndNoCounter) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.replies = {finishing("done")};
  world.verdicts = {{.passed = true}};
  const auto first = drive(kPlanner, task, world).all<Planned>();
  testing::PureDriver later(world, kPlanner);
  later.wait(Milliseconds(86'400'000));
  auto started = testing::started_with(task);
  started.run = RunId{"01JD0000000000000000000002"};
  started.seed = 99;
  later.start(started);
  later.drive();
  EXPECT_EQ(std::get<Planned>(later.events()[3].payload), first.at(0));
}

TEST(PlannersTest, ShowNeitherLabelNorScoreNorMetadata) {
  Task task = repair_task();
  task.label = "zebra-class";
  task.score = R"({"type":"command","command":"zebra-score"})";
  task.metadata = R"({"solution":"zebra-solution"})";
  auto world = world_of(task);
  world.replies = {saying("I can't."), saying("I can't."), saying("I can't.")};
  world.verdicts = {{.passed = false}};
  const InstantPlanner instant;
  const ReasoningPlanner reasoning;
  for (const Planner* planner :
       {static_cast<const Planner*>(&instant), static_cast<const Planner*>(&reasoning),
        static_cast<const Planner*>(&kPlanner)}) {
    for (const Event& event : drive(*planner, task, world).events) {
      if (std::holds_alternative<Started>(event.payload)) continue;
      EXPECT_FALSE(to_line(event).contains("zebra")) << to_line(event);
    }
  }
}

TEST(AgenticPlannerTest, GoesOnAfterACrashAnywhere) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.replies = {saying("Let me look."), calling("view", R"({"path":"gcd.py"})"),
                   calling("edit", kEdit), finishing("done"),
                   calling("edit", kEdit), finishing("fixed")};
  world.verdicts = {{.passed = false, .output = "AssertionError"}, {.passed = true}};
  expect_same_story_after_any_crash(kPlanner, task, world);
}

}  // namespace
}  // namespace pareto
