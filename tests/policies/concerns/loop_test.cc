#include "policies/concerns/loop.h"

#include <gtest/gtest.h>

#include "tests/policies/concerns/concern_fixtures.h"

namespace pareto {
namespace {

Action review(const TurnStory& story, Action draft = CallModel{}) {
  return review_loop(story.run, std::move(draft), story.now);
}

TEST(LoopTest, NudgesOnceAtThreeAndStopsAtFive) {
  TurnStory story;
  story.turn("run", "fails");
  EXPECT_TRUE(passes_call(review(story)));
  story.turn("run", "fails");
  EXPECT_TRUE(passes_call(review(story)));
  story.turn("run", "fails");
  const Action third = review(story);
  const auto* nudged = decided<Nudged>(third);
  ASSERT_NE(nudged, nullptr);
  story.tell(*nudged);
  EXPECT_EQ(story.run->history.back().role, Role::user);
  EXPECT_TRUE(passes_call(review(story)));
  story.turn("run", "fails");
  EXPECT_TRUE(passes_call(review(story)));
  story.turn("run", "fails");
  const Action fifth = review(story);
  const auto* limit = decided<LimitReached>(fifth);
  ASSERT_NE(limit, nullptr);
  EXPECT_EQ(limit->reason, Reason::loop);
}

TEST(LoopTest, SeesACycleOfCalls) {
  TurnStory story;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(decided<LimitReached>(review(story)), nullptr);
    story.turn("view", "the text");
    story.turn("edit", "no such text");
  }
  EXPECT_NE(decided<LimitReached>(review(story)), nullptr);
}

TEST(LoopTest, PollingWithNewResultsIsNoLoop) {
  TurnStory story;
  for (int i = 0; i < 30; ++i) {
    story.turn("run", std::to_string(i) + " tests pass");
    EXPECT_TRUE(passes_call(review(story)));
  }
}

TEST(LoopTest, ProgressForgivesANudge) {
  TurnStory story;
  for (int i = 0; i < 3; ++i) story.turn("run", "fails");
  story.tell(Nudged{"loop", "Try something else."});
  story.turn("edit", "done");
  for (int i = 0; i < 3; ++i) story.turn("run", "fails otherwise");
  EXPECT_NE(decided<Nudged>(review(story)), nullptr) << "a new loop gets its own nudge";
}

TEST(LoopTest, NeverSpeaksBetweenACallAndItsResult) {
  TurnStory story;
  for (int i = 0; i < 6; ++i) story.turn("run", "fails");
  EXPECT_TRUE(std::holds_alternative<CallTools>(review(story, CallTools{})));
}

TEST(LoopTest, LeavesARunAloneThatIsEnding) {
  TurnStory story;
  for (int i = 0; i < 6; ++i) story.turn("run", "fails");
  EXPECT_TRUE(passes_call(review(story, CallModel{.wrap_up = true})));
  EXPECT_TRUE(std::holds_alternative<Finish>(review(story, Finish{})));
  story.tell(LimitReached{Reason::turns, "turn_limit", ""});
  EXPECT_TRUE(passes_call(review(story)));
}

}  // namespace
}  // namespace pareto
