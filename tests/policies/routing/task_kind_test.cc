#include "policies/routing/task_kind.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace pareto {
namespace {

Task task_of(std::string prompt) {
  Task task;
  task.id = "t";
  task.prompt = std::move(prompt);
  return task;
}

TaskKind kind_of(const Task& task, const Briefing& briefing = {}) {
  return infer_kind(features_of(task, briefing));
}

TEST(TaskKindTest, ABrokenProgramWithACheckIsARepair) {
  Task task = task_of("tests.py fails. Find and fix the bug in gcd.py.");
  task.files = {{"gcd.py", "x"}, {"tests.py", "y"}};
  task.verify = CheckCommand{.command = "python3 tests.py"};
  EXPECT_EQ(kind_of(task), TaskKind::repair);
}

TEST(TaskKindTest, AFailingCheckWithoutAWordAboutItIsARepair) {
  Task task = task_of("Make it pass.");
  task.files = {{"gcd.py", "x"}};
  task.verify = CheckCommand{.command = "python3 tests.py"};
  Briefing briefing;
  briefing.files = {{"gcd.py", "x"}};
  briefing.total_files = 1;
  briefing.check_output = "AssertionError";
  EXPECT_EQ(kind_of(task, briefing), TaskKind::repair);
}

TEST(TaskKindTest, MakingCodeIsCodeWriting) {
  Task task = task_of("Implement the affine cipher in affine_cipher.py.");
  task.files = {{"affine_cipher.py", "pass"}, {"affine_cipher_test.py", "y"}};
  task.verify = CheckCommand{.command = "python3 -m unittest"};
  EXPECT_EQ(kind_of(task), TaskKind::code_writing);
  EXPECT_EQ(kind_of(task_of("Write a function to count a character in a string.")),
            TaskKind::code_writing);
}

TEST(TaskKindTest, AWordProblemIsArithmetic) {
  EXPECT_EQ(kind_of(task_of("James runs 3 sprints 3 times a week. He runs 60 meters each sprint. "
                            "How many total meters does he run a week?")),
            TaskKind::arithmetic);
}

TEST(TaskKindTest, AContestProblemIsMathematics) {
  EXPECT_EQ(kind_of(task_of("If $f(x) = \\frac{3x-2}{x-2}$, what is the value of $f(-2)$?")),
            TaskKind::mathematics);
}

TEST(TaskKindTest, AQuestionAboutACorpusIsALookupOrHasSeveralHops) {
  Task lookup = task_of("Who wrote Faust?");
  lookup.corpus = "/corpus.jsonl";
  EXPECT_EQ(kind_of(lookup), TaskKind::lookup);
  Task hops = task_of("Who composed the opera whose libretto was written by Arrigo Boito?");
  hops.corpus = "/corpus.jsonl";
  EXPECT_EQ(kind_of(hops), TaskKind::multi_hop);
}

TEST(TaskKindTest, KnowsQuestionsOfTheDaySummariesAndTheRest) {
  EXPECT_EQ(kind_of(task_of("What is the latest news on fusion?")), TaskKind::recent_facts);
  EXPECT_EQ(kind_of(task_of("Summarise this text: the ship sailed.")), TaskKind::summary);
  EXPECT_EQ(kind_of(task_of("Why is the sky blue?")), TaskKind::plain_question);
  EXPECT_EQ(kind_of(task_of("Say hello.")), TaskKind::other);
}

TEST(TaskKindTest, FilesMatterToCodeAndWhereTheyAreNamed) {
  Task task = task_of("Why is the sky blue?");
  task.files = {{"main.cc", "x"}};
  TaskFeatures features = features_of(task, Briefing{});
  EXPECT_FALSE(needs_files(TaskKind::plain_question, features));
  EXPECT_TRUE(needs_files(TaskKind::repair, features));
  task.prompt = "What does main.cc do?";
  EXPECT_TRUE(needs_files(TaskKind::plain_question, features_of(task, Briefing{})));
  task.files.clear();
  EXPECT_FALSE(needs_files(TaskKind::repair, features_of(task, Briefing{})));
}

TEST(TaskKindTest, EveryKindHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const TaskKind kind : kAllTaskKinds) {
    names.insert(to_string(kind));
    EXPECT_EQ(parse_task_kind(to_string(kind)), kind);
  }
  EXPECT_EQ(names.size(), kTaskKinds);
  EXPECT_EQ(parse_task_kind("wizardry"), std::nullopt);
}

}  // namespace
}  // namespace pareto
