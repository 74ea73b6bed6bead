#include "planners/instant.h"

#include <gtest/gtest.h>

#include "tests/planners/planner_fixtures.h"

namespace pareto {
namespace {

const InstantPlanner kPlanner;

constexpr const char* kNoChange = "<<<<<<< gcd.py\n    return a\n=======\n    return a\n>>>>>>>";
constexpr const char* kWrongEdit =
    "<<<<<<< gcd.py\n    return gcd(a % b, b)\n=======\n    return gcd(a, b)\n>>>>>>>";

std::string prompt_of(const Trajectory& trajectory) {
  return trajectory.all<Planned>().at(0).messages.at(1).text;
}

TEST(InstantPlannerTest, ShowsTheFilesAndTheFailingCheckAndWritesTheFix) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.model.small = false;
  world.replies = {saying("Swapped the arguments.\n" + fenced_gcd())};
  world.verdicts = {{.passed = true}};
  const Trajectory run = drive(kPlanner, task, world);
  const std::string prompt = prompt_of(run);
  EXPECT_TRUE(prompt.contains("File gcd.py\n```\ndef gcd")) << prompt;
  EXPECT_TRUE(prompt.contains("RecursionError")) << prompt;
  EXPECT_TRUE(prompt.ends_with("the complete new text of gcd.py in one fenced block.")) << prompt;
  EXPECT_EQ(
      run.all<StepBegun>(),
      (std::vector<StepBegun>{
          {{{"file-1", "write", dump_json({{"path", "gcd.py"}, {"text", kFixedGcd}})}}, true}}));
  EXPECT_EQ(run.outcome->status, Status::success);
  EXPECT_EQ(run.outcome->reason, Reason::verified);
  EXPECT_EQ(run.outcome->answer, "Swapped the arguments.");
  EXPECT_EQ(run.outcome->receipt.turns, 1);
  EXPECT_TRUE(run.all<Planned>()[0].tools.empty());
}

TEST(InstantPlannerTest, AnswersAQuestionInItsFewestWords) {
  auto world = world_of(question_task());
  world.replies = {saying("42\n")};
  const Trajectory run = drive(kPlanner, question_task(), world);
  EXPECT_EQ(run.outcome->answer, "42");
  EXPECT_EQ(run.outcome->status, Status::success);
  EXPECT_TRUE(run.all<StepBegun>().empty());
}

TEST(InstantPlannerTest, ShowsPassagesAsQuotedData) {
  auto world = world_of(corpus_task());
  world.replies = {saying("Jane Austen")};
  const Trajectory run = drive(kPlanner, corpus_task(), world);
  EXPECT_TRUE(prompt_of(run).contains("Passage \"Emma\"\n> Emma is a novel")) << prompt_of(run);
  EXPECT_EQ(run.outcome->answer, "Jane Austen");
}

TEST(InstantPlannerTest, RepairsOnceWithTheOutputOfTheCheck) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.model.small = false;
  world.replies = {saying(fenced_gcd()), saying(fenced_gcd()), saying(fenced_gcd())};
  world.verdicts = {{.passed = false, .output = "AssertionError: 5\n"}};
  const Trajectory run = drive(kPlanner, task, world);
  const auto calls = run.all<CallBegun>();
  ASSERT_EQ(calls.size(), 2U);
  ASSERT_EQ(calls[1].appended.size(), 1U);
  EXPECT_TRUE(calls[1].appended[0].text.starts_with(
      "The check still fails with\n```\nAssertionError: 5\n```\n"))
      << calls[1].appended[0].text;
  EXPECT_EQ(run.all<VerifyBegun>().size(), 2U);
  EXPECT_EQ(run.outcome->reason, Reason::verify_failed);
}

TEST(InstantPlannerTest, DoesNotRepairWithoutATurnLeft) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.replies = {saying(fenced_gcd()), saying(fenced_gcd())};
  world.verdicts = {{.passed = false}};
  const Trajectory run = drive(kPlanner, task, world, {.turns = 1});
  EXPECT_EQ(run.outcome->receipt.turns, 1);
  EXPECT_EQ(run.outcome->reason, Reason::verify_failed);
}

TEST(InstantPlannerTest, AReplyWithoutABlockOrCutOffIsTakenAsItIs) {
  const Task task = repair_task();
  for (const auto& reply : {saying("I can't."), saying(kNoChange),
                            testing::ScriptedReply{.text = "```python\ndef gcd(a, b):\n    if",
                                                   .finish_reason = FinishReason::length}}) {
    auto world = world_of(task);
    world.replies = {reply, reply};
    world.verdicts = {{.passed = false}};
    const Trajectory run = drive(kPlanner, task, world);
    EXPECT_TRUE(run.all<StepBegun>().empty());
    EXPECT_EQ(run.outcome->status, Status::failure);
    EXPECT_EQ(run.outcome->receipt.turns, 2);
  }
}

TEST(InstantPlannerTest, AnEndlessReplyIsAFailureWithItsReason) {
  auto world = world_of(question_task());
  world.replies = {{.text = "17 + 25 is 17 + 25 is", .finish_reason = FinishReason::length}};
  const Trajectory run = drive(kPlanner, question_task(), world);
  EXPECT_EQ(run.outcome->receipt.model_calls, 1);
  EXPECT_EQ(run.outcome->status, Status::failure);
  EXPECT_EQ(run.outcome->reason, Reason::model);
  EXPECT_TRUE(run.outcome->error.contains("cut off")) << run.outcome->error;
  EXPECT_EQ(run.outcome->answer, "17 + 25 is 17 + 25 is");
}

TEST(InstantPlannerTest, AReplyThatBrokeOffIsNoAnswer) {
  const auto run = [](const Task& task, ErrorCode code, bool passes) {
    auto world = world_of(task);
    const testing::ScriptedReply broken{.text = "17 + 25 is",
                                        .finish_reason = FinishReason::unknown,
                                        .error = Error{code, "it broke"}};
    world.replies = {broken, broken};
    world.verdicts = {{.passed = passes}};
    return *drive(kPlanner, task, world).outcome;
  };
  const Outcome bound = run(question_task(), ErrorCode::limit, false);
  EXPECT_EQ(bound.status, Status::failure);
  EXPECT_EQ(bound.error, "it broke");
  EXPECT_EQ(bound.answer, "17 + 25 is");
  const Outcome line = run(question_task(), ErrorCode::unavailable, false);
  EXPECT_EQ(line.status, Status::error) << "no fault of the model's";
  EXPECT_EQ(line.reason, Reason::model);
  EXPECT_EQ(run(repair_task(), ErrorCode::unavailable, false).reason, Reason::verify_failed);
  EXPECT_EQ(run(repair_task(), ErrorCode::unavailable, true).status, Status::success);
}

TEST(InstantPlannerTest, AnAnswerBeforeTheCutCounts) {
  auto world = world_of(question_task());
  world.replies = {
      {.text = "Sure.\nAnswer: 42\n17 + 25 is", .finish_reason = FinishReason::length}};
  const Trajectory run = drive(kPlanner, question_task(), world);
  EXPECT_EQ(run.outcome->status, Status::success);
  EXPECT_EQ(run.outcome->answer, "42");
}

TEST(InstantPlannerTest, DoesNotChangeTheTestsThatTheCheckRuns) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.replies = {saying("File tests.py\n```\npass\n```\nFile gcd.py\n" + fenced_gcd())};
  world.verdicts = {{.passed = true}};
  const auto steps = drive(kPlanner, task, world).all<StepBegun>();
  ASSERT_EQ(steps.size(), 1U);
  ASSERT_EQ(steps[0].calls.size(), 1U);
  EXPECT_TRUE(steps[0].calls[0].arguments.contains("gcd.py"));
}

TEST(InstantPlannerTest, AQuestionAboutFilesDoesNotOverwriteThem) {
  Task task = repair_task();
  task.verify.reset();
  task.prompt = "What does gcd.py return for (4, 2)?";
  auto world = world_of(task);
  world.replies = {saying("In gcd.py\n```python\n    return a\n```\nAnswer: 2")};
  const Trajectory run = drive(kPlanner, task, world);
  EXPECT_TRUE(run.all<StepBegun>().empty());
  EXPECT_EQ(run.outcome->answer, "2");
  // But a whole new version with its path is a change, check or not.
  world.replies = {saying("File gcd.py\n" + fenced_gcd())};
  EXPECT_EQ(drive(kPlanner, task, world).all<StepBegun>().size(), 1U);
}

TEST(InstantPlannerTest, WritesAFileThatOnlyThePromptNames) {
  Task task{.id = "new",
            .prompt = "Write hello.py that prints hello.",
            .verify = CheckCommand{"python3 hello.py"}};
  auto world = world_of(task);
  world.replies = {saying("```python\nprint('hello')\n```")};
  world.verdicts = {{.passed = true}};
  const auto steps = drive(kPlanner, task, world).all<StepBegun>();
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].calls[0].arguments,
            dump_json({{"path", "hello.py"}, {"text", "print('hello')\n"}}));
}

TEST(InstantPlannerTest, GoesOnAfterACrashAnywhere) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.replies = {saying(kWrongEdit), saying("Better.\n" + fenced_gcd())};
  world.verdicts = {{.passed = false, .output = "AssertionError\n"}, {.passed = true}};
  expect_same_story_after_any_crash(kPlanner, task, world);
  world.model.small = false;
  world.replies[0] = saying(fenced_gcd());
  expect_same_story_after_any_crash(kPlanner, task, world);
}

TEST(InstantPlannerTest, ASmallModelNamesTheFaultyLineFirst) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.replies = {
      saying("<<<<<<< gcd.py\nreturn gcd(a % b, b)\n=======\nreturn gcd(b, a % "
             "b)\n>>>>>>>")};
  world.verdicts = {{.passed = true}};
  const Trajectory run = drive(kPlanner, task, world);
  EXPECT_TRUE(run.all<Planned>()[0].messages[0].text.ends_with(">>>>>>>"));
  EXPECT_TRUE(prompt_of(run).ends_with("```")) << "nothing is asked for behind the data";
  EXPECT_EQ(
      run.all<StepBegun>(),
      (std::vector<StepBegun>{
          {{{"file-1", "write", dump_json({{"path", "gcd.py"}, {"text", kFixedGcd}})}}, true}}));
  EXPECT_EQ(run.outcome->answer, "Changed gcd.py.");
}

TEST(InstantPlannerTest, ASmallModelStartsOverInTheOtherForm) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.replies = {saying(kWrongEdit), saying(fenced_gcd()), saying("never")};
  world.verdicts = {{.passed = false, .output = "AssertionError: 5\n"}};
  testing::PureDriver driver(world, kPlanner);
  driver.start(testing::started_with(task));
  ASSERT_TRUE(driver.drive());
  // The second conversation knows nothing of the first: a small model would only repeat it.
  const auto messages = driver.run()->history.messages();
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_TRUE(messages[1]->text.ends_with("the complete new text of gcd.py in one fenced block."));
  EXPECT_TRUE(messages[1]->text.contains("RecursionError"));
  EXPECT_FALSE(messages[1]->text.contains("AssertionError: 5"));
  EXPECT_EQ(driver.run()->receipt.turns, 2);
  EXPECT_EQ(driver.run()->outcome->reason, Reason::verify_failed);
}

TEST(InstantPlannerTest, StartingOverTakesBackWhatTheFirstReplyChanged) {
  Task task = repair_task();
  task.files["util.py"] = "def half(n):\n    return n / 2\n";
  auto world = world_of(task);
  world.replies = {saying("<<<<<<< util.py\nreturn n / 2\n=======\nreturn n // 2\n>>>>>>>"),
                   saying("File gcd.py\n" + fenced_gcd())};
  world.verdicts = {{.passed = false}, {.passed = true}};
  const auto steps = drive(kPlanner, task, world).all<StepBegun>();
  ASSERT_EQ(steps.size(), 2U);
  ASSERT_EQ(steps[1].calls.size(), 2U);
  EXPECT_EQ(steps[1].calls[1].arguments,
            dump_json({{"path", "util.py"}, {"text", task.files["util.py"]}}));
}

TEST(InstantPlannerTest, WritingAProgramIsNoRepair) {
  Task task = repair_task();
  task.prompt = "Implement gcd.py so that tests.py passes.";
  auto world = world_of(task);
  world.replies = {saying(fenced_gcd())};
  world.verdicts = {{.passed = true}};
  EXPECT_TRUE(prompt_of(drive(kPlanner, task, world)).ends_with("in one fenced block."));
}

}  // namespace
}  // namespace pareto
