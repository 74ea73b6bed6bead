#include "policies/concerns/approval.h"

#include <gtest/gtest.h>

#include "tests/policies/concerns/concern_fixtures.h"

namespace pareto {
namespace {

TurnStory story_with(std::vector<ToolCall> calls) {
  TurnStory story({.recall = {.tools = {"fetch", "view"}, .outside_tools = {"fetch"}}});
  story.ask(std::move(calls));
  return story;
}

Action review(const TurnStory& story) {
  return review_approval(story.run, CallTools{story.run->asked}, story.now);
}

TEST(ApprovalTest, AsksForWhatReachesOutside) {
  const TurnStory story = story_with({{"a", "view", "{}"},
                                      {"b", "fetch", R"({"url":"http://x"})"},
                                      {"c", "fetch", R"({"url":"http://y"})"}});
  const Action action = review(story);
  const auto* ask = std::get_if<AskPerson>(&action);
  ASSERT_NE(ask, nullptr);
  EXPECT_EQ(ask->call_ids, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(ask->question, R"(Allow fetch {"url":"http://x"}; fetch {"url":"http://y"}?)");
}

TEST(ApprovalTest, PassesWhatStaysInside) {
  const TurnStory story = story_with({{"a", "view", "{}"}});
  EXPECT_TRUE(std::holds_alternative<CallTools>(review(story)));
  EXPECT_TRUE(passes_call(review_approval(story.run, CallModel{}, story.now)));
}

TEST(ApprovalTest, AsksOnlyForCallsThatAreNotApproved) {
  TurnStory story = story_with({{"a", "fetch", "{}"}, {"b", "fetch", "{}"}});
  story.tell(ApprovalAsked{{"a"}, "?"});
  story.tell(ApprovalGiven{{"a"}, true, "person"});
  const Action action = review(story);
  const auto* ask = std::get_if<AskPerson>(&action);
  ASSERT_NE(ask, nullptr);
  EXPECT_EQ(ask->call_ids, (std::vector<std::string>{"b"}));
  story.tell(ApprovalAsked{{"b"}, "?"});
  story.tell(ApprovalGiven{{"b"}, true, "person"});
  EXPECT_TRUE(std::holds_alternative<CallTools>(review(story)));
}

TEST(ApprovalTest, ArgumentsCannotSteerATerminalOrFloodIt) {
  const TurnStory story = story_with({{"a", "fetch", "\x1b[2J\n" + std::string(100'000, 'x')}});
  const Action action = review(story);
  const std::string& question = std::get<AskPerson>(action).question;
  EXPECT_LT(question.size(), 600U);
  EXPECT_FALSE(question.contains('\x1b'));
  EXPECT_FALSE(question.contains('\n'));
}

}  // namespace
}  // namespace pareto
