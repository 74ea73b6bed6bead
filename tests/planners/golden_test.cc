#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "planners/agentic.h"
#include "planners/instant.h"
#include "planners/reasoning.h"
#include "policies/concerns/catalogue.h"
#include "tests/planners/planner_fixtures.h"

// Whole trajectories as the events that a journal would hold. A difference means that prompts,
// decisions or the format changed: look at it, then write the files anew with
// PARETO_UPDATE_GOLDEN=1.

namespace pareto {
namespace {

void expect_golden(const std::string& name, const Planner& planner, const Task& task,
                   testing::ScriptedWorld world, Limits limits) {
  const auto concerns_on = *concerns(default_concern_order(), {});
  const Trajectory run = drive(planner, task, std::move(world), limits, concerns_on);
  const std::string path = std::string(PARETO_GOLDEN) + "/" + name + ".jsonl";
  if (std::getenv("PARETO_UPDATE_GOLDEN") != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    std::ofstream file(path);
    for (const Event& event : run.events) file << to_line(event) << "\n";
  }
  const std::vector<Event> golden = testing::read_events(path);
  ASSERT_EQ(golden.size(), run.events.size());
  for (std::size_t i = 0; i < golden.size(); ++i) {
    EXPECT_EQ(to_line(golden[i]), to_line(run.events[i]));
  }
  // What the journal holds is the run.
  EXPECT_TRUE(*pareto::Run::replay(golden) == *pareto::Run::replay(run.events));
}

TEST(GoldenTest, InstantRepairsAtTheSecondTry) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.replies = {saying("<<<<<<< gcd.py\nreturn a\n=======\nreturn b\n>>>>>>>"),
                   saying(fenced_gcd())};
  world.verdicts = {{.passed = false, .exit_code = 1, .output = "AssertionError\n"},
                    {.passed = true, .took = Milliseconds(80)}};
  expect_golden("instant_repair", InstantPlanner(), task, world, {.usd = usd("0.05")});
}

TEST(GoldenTest, ReasoningAnswersAQuestion) {
  auto world = world_of(question_task());
  world.replies = {saying("17 + 25 is 42.\nAnswer: 42")};
  expect_golden("reasoning_question", ReasoningPlanner(), question_task(), world, {});
}

TEST(GoldenTest, AgenticRepairs) {
  const Task task = repair_task();
  auto world = world_of(task);
  world.replies = {saying("I will look."), calling("view", R"({"path":"gcd.py"})"),
                   calling("edit", R"({"path":"gcd.py","old":"a % b, b","new":"b, a % b"})"),
                   finishing("The arguments were swapped.")};
  world.verdicts = {{.passed = true, .took = Milliseconds(80)}};
  expect_golden("agentic_repair", AgenticPlanner(), task, world, {.usd = usd("0.5"), .turns = 8});
}

TEST(GoldenTest, AgenticWrapsUpAtItsTurnLimit) {
  auto world = world_of(corpus_task());
  world.replies = {calling("search", R"({"query":"Emma"})", "a"),
                   calling("search", R"({"query":"Emma novel"})", "b"), finishing("Jane Austen")};
  expect_golden("agentic_wrap_up", AgenticPlanner(), corpus_task(), world, {.turns = 2});
}

}  // namespace
}  // namespace pareto
