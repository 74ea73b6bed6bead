#include "policies/concerns/compaction.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/policies/concerns/concern_fixtures.h"

namespace pareto {
namespace {

Action review(const TurnStory& story, CallModel draft = {.max_output_tokens = 1'000}) {
  return review_compaction(story.run, std::move(draft), story.now);
}

// A run of turns, each with two calls whose results are long.
TurnStory long_story(int turns, std::size_t result_bytes, TurnStory::Setting setting = {},
                     std::int64_t cached = 0) {
  TurnStory story(std::move(setting));
  std::int64_t prompt = 100;
  for (int i = 0; i < turns; ++i) {
    const std::string n = std::to_string(i);
    story.turn({{"a" + n, "view", "{\"path\":\"f" + n + ".py\"}"},
                {"b" + n, "run", "{\"command\":\"make\"}"}},
               "result " + n + "\n" + std::string(result_bytes, 'x'),
               {.prompt_tokens = prompt, .cached_prompt_tokens = cached * prompt / 100});
    prompt += static_cast<std::int64_t>(result_bytes) / 2;
  }
  return story;
}

// Every call of the history has its results right behind it.
void expect_whole_groups(const Run& run) {
  std::multiset<std::string> open;
  for (const MessageRef& message : run->history.messages()) {
    if (message->role == Role::tool) {
      const auto found = open.find(message->tool_call_id);
      ASSERT_NE(found, open.end()) << "a result without its call";
      open.erase(found);
      continue;
    }
    ASSERT_TRUE(open.empty()) << "a call without its result";
    for (const ToolCall& call : message->tool_calls) open.insert(call.id);
  }
  EXPECT_TRUE(open.empty());
}

TEST(CompactionTest, LeavesAPromptAloneThatFits) {
  EXPECT_TRUE(passes_call(review(long_story(3, 1'000))));
}

TEST(CompactionTest, ReplacesTheOldestStepsWhenThePromptMightNotFit) {
  TurnStory story = long_story(8, 4'000);
  const Action action = review(story);
  const auto* compacted = decided<Compacted>(action);
  ASSERT_NE(compacted, nullptr);
  EXPECT_EQ(compacted->first, 2) << "the system message and the task stay";
  EXPECT_EQ(compacted->last, 2 + 5 * 3) << "the last three steps stay";
  EXPECT_TRUE(compacted->summary.text.contains(
      "- view {\"path\":\"f0.py\"}: \"result 0\"\n- run {\"command\":\"make\"}: \"result 0\"\n"))
      << compacted->summary.text;
  story.tell(*compacted);
  expect_whole_groups(story.run);
  EXPECT_LT(story.run->history.bytes(), 27'000);
}

TEST(CompactionTest, ListsTheFilesOfTheRun) {
  TurnStory story = long_story(7, 4'000);
  story.ask({{"e", "edit", "{}"}}, {.prompt_tokens = 14'000});
  story.tell(StepBegun{story.run->asked});
  story.tell(StepEnded{{.call_id = "e", .changed_workspace = true, .paths = {"a.py"}}});
  story.turn({{"v", "view", "{}"}}, "x", {.prompt_tokens = 15'000});
  const Action action = review(story);
  ASSERT_NE(decided<Compacted>(action), nullptr);
  EXPECT_TRUE(decided<Compacted>(action)->summary.text.contains("Files edited: a.py\n"));
}

TEST(CompactionTest, IsDeterministicAndNeverTwiceWithoutNewSteps) {
  TurnStory story = long_story(8, 4'000);
  const Action one = review(story);
  const Action two = review(story);
  ASSERT_NE(decided<Compacted>(one), nullptr);
  EXPECT_EQ(*decided<Compacted>(one), *decided<Compacted>(two));
  story.tell(*decided<Compacted>(one));
  EXPECT_EQ(decided<Compacted>(review(story)), nullptr);
}

TEST(CompactionTest, ALaterSummaryKeepsTheLinesOfTheEarlierOne) {
  TurnStory story = long_story(8, 4'000);
  story.tell(*decided<Compacted>(review(story)));
  for (int i = 0; i < 4; ++i) {
    story.turn({{"n", "grep", "{\"n\":" + std::to_string(i) + "}"}}, std::string(8'000, 'y'),
               {.prompt_tokens = 15'000});
  }
  const Action again = review(story);
  const auto* compacted = decided<Compacted>(again);
  ASSERT_NE(compacted, nullptr);
  EXPECT_EQ(compacted->first, 2) << "the earlier summary is replaced";
  const std::string text = compacted->summary.text;
  EXPECT_LT(text.find("f0.py"), text.find("grep {\"n\":0}"));
  story.tell(*compacted);
  expect_whole_groups(story.run);
  int summaries = 0;
  for (const MessageRef& message : story.run->history.messages()) {
    summaries += message->text.starts_with("Earlier steps") ? 1 : 0;
  }
  EXPECT_EQ(summaries, 1);
}

TEST(CompactionTest, KeepsOnlyTheLastStepWhenThreeAreTooLong) {
  TurnStory story = long_story(3, 16'000);
  const Action action = review(story);
  const auto* compacted = decided<Compacted>(action);
  ASSERT_NE(compacted, nullptr);
  EXPECT_EQ(compacted->last, 2 + 2 * 3);
}

TEST(CompactionTest, StopsWhenNothingCanBeLeftOut) {
  TurnStory story;
  story.turn({{"a", "view", "{}"}}, std::string(100'000, 'x'), {.prompt_tokens = 200});
  const Action action = review(story);
  const auto* limit = decided<LimitReached>(action);
  ASSERT_NE(limit, nullptr);
  EXPECT_EQ(limit->reason, Reason::context);
  // At a limit the wrap-up is tried all the same.
  story.tell(*limit);
  EXPECT_TRUE(passes_call(review(story, {.max_output_tokens = 512, .wrap_up = true})));
}

TEST(CompactionTest, LetsTheProviderDecideInTheGreyZone) {
  TurnStory story;
  // At two bytes a token it does not fit, at four it does.
  story.turn({{"a", "view", "{}"}}, std::string(40'000, 'x'), {.prompt_tokens = 200});
  EXPECT_TRUE(passes_call(review(story)));
}

TEST(CompactionTest, PaysWithoutACacheAndNotWithAFreeOne) {
  const ModelInfo roomy{.name = "big",
                        .context = 200'000,
                        .max_output_tokens = 1'000,
                        .price = Price{usd("1"), usd("0.1"), usd("1"), usd("4")}};
  // Nothing is cached: each further turn pays for all of it again.
  EXPECT_NE(decided<Compacted>(review(long_story(12, 4'000, {.model = roomy}))), nullptr);
  // All of it is cached, and cached tokens are free: it would only cost.
  ModelInfo local = roomy;
  local.price->cached_input = Money();
  EXPECT_TRUE(passes_call(review(long_story(12, 4'000, {.model = local}, 100))));
  // An unknown price decides nothing.
  ModelInfo unknown = roomy;
  unknown.price.reset();
  EXPECT_TRUE(passes_call(review(long_story(12, 4'000, {.model = unknown}))));
}

TEST(CompactionTest, DoesNotPayOnTheLastTurns) {
  const ModelInfo roomy{.name = "big",
                        .context = 200'000,
                        .max_output_tokens = 1'000,
                        .price = Price{usd("1"), usd("0.1"), usd("1"), usd("4")}};
  EXPECT_TRUE(
      passes_call(review(long_story(12, 4'000, {.limits = {.turns = 12}, .model = roomy}))));
}

TEST(CompactionTest, LeavesOtherActionsAlone) {
  const TurnStory story = long_story(8, 4'000);
  EXPECT_TRUE(std::holds_alternative<Verify>(review_compaction(story.run, Verify{}, story.now)));
  EXPECT_TRUE(passes_call(review(story, {.role = Spender::judge})));
}

}  // namespace
}  // namespace pareto
