#include "policies/concerns/turn_limit.h"

#include <gtest/gtest.h>

#include "tests/policies/concerns/concern_fixtures.h"

namespace pareto {
namespace {

Action review(const TurnStory& story, Action draft) {
  return review_turn_limit(story.run, std::move(draft), story.now);
}

TEST(TurnLimitTest, StopsBeforeTheCallBeyondTheLimit) {
  TurnStory story({.limits = {.turns = 2}});
  EXPECT_TRUE(passes_call(review(story, CallModel{})));
  story.turn("view", "one");
  EXPECT_TRUE(passes_call(review(story, CallModel{})));
  story.turn("view", "two");
  const Action action = review(story, CallModel{});
  const auto* limit = decided<LimitReached>(action);
  ASSERT_NE(limit, nullptr);
  EXPECT_EQ(*limit, (LimitReached{Reason::turns, "turn_limit", "2 of 2 turns are used"}));
}

TEST(TurnLimitTest, ZeroAllowsNone) {
  const TurnStory story({.limits = {.turns = 0}});
  EXPECT_NE(decided<LimitReached>(review(story, CallModel{})), nullptr);
}

TEST(TurnLimitTest, LeavesOtherThingsAlone) {
  TurnStory story({.limits = {.turns = 1}});
  story.turn("view", "one");
  EXPECT_TRUE(passes_call(review(story, CallModel{.wrap_up = true})));
  EXPECT_TRUE(passes_call(review(story, CallModel{.role = Spender::judge})));
  EXPECT_TRUE(std::holds_alternative<CallTools>(review(story, CallTools{})));
  EXPECT_TRUE(std::holds_alternative<Finish>(review(story, Finish{})));
  EXPECT_TRUE(passes_call(review(TurnStory(), CallModel{}))) << "no limit";
}

TEST(TurnLimitTest, SaysItOnce) {
  TurnStory story({.limits = {.turns = 0}});
  story.tell(LimitReached{Reason::turns, "turn_limit", ""});
  EXPECT_TRUE(passes_call(review(story, CallModel{})));
}

}  // namespace
}  // namespace pareto
