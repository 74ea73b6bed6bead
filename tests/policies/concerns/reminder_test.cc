#include "policies/concerns/reminder.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/policies/concerns/concern_fixtures.h"

namespace pareto {
namespace {

std::string tail(const TurnStory& story, CallModel draft = {}) {
  const Action action = review_reminder(story.run, std::move(draft), story.now);
  return std::get<CallModel>(action).tail;
}

// The turns before which a reminder is sent, with the number it names.
std::map<int, std::string> reminders(int limit) {
  std::map<int, std::string> sent;
  TurnStory story({.limits = {.turns = limit}});
  for (int used = 0; used < limit; ++used) {
    if (const std::string text = tail(story); !text.empty()) sent[used] = text;
    story.turn("view", std::to_string(used));
  }
  return sent;
}

TEST(ReminderTest, SpeaksAtHalfAtThreeQuartersAndInTheLastFiveTurns) {
  const auto sent = reminders(20);
  std::vector<int> when;
  for (const auto& [used, text] : sent) when.push_back(used);
  EXPECT_EQ(when, (std::vector<int>{10, 15, 16, 17, 18, 19}));
  EXPECT_EQ(sent.at(10), "ENVIRONMENT REMINDER: You have 10 turns left to complete the task.");
  EXPECT_EQ(sent.at(19), "ENVIRONMENT REMINDER: You have 1 turn left to complete the task.");
}

TEST(ReminderTest, SpeaksOncePerMarkWhereTheLimitIsOdd) {
  std::vector<int> when;
  for (const auto& [used, text] : reminders(33)) when.push_back(used);
  EXPECT_EQ(when, (std::vector<int>{17, 25, 28, 29, 30, 31, 32}));
}

TEST(ReminderTest, SpeaksEveryTurnOfAShortRun) { EXPECT_EQ(reminders(3).size(), 3U); }

TEST(ReminderTest, NamesTheMoneyWhenItIsLow) {
  TurnStory story({.limits = {.usd = usd("0.01"), .turns = 40}});
  EXPECT_EQ(tail(story), "");
  story.turn({{"c", "view", "{}"}}, "x", {.prompt_tokens = 7'400});
  EXPECT_EQ(tail(story), "");
  story.turn({{"c", "view", "{}"}}, "x", {.prompt_tokens = 260});
  EXPECT_EQ(tail(story), "ENVIRONMENT REMINDER: You have 0.0023 USD left.");
}

TEST(ReminderTest, StandsBehindWhatThePlannerSays) {
  const TurnStory story({.limits = {.turns = 1}});
  EXPECT_EQ(tail(story, {.tail = "Call finish."}),
            "Call finish.\nENVIRONMENT REMINDER: You have 1 turn left to complete the task.");
}

TEST(ReminderTest, LeavesOtherCallsAlone) {
  const TurnStory story({.limits = {.turns = 1}});
  EXPECT_EQ(tail(story, {.wrap_up = true}), "");
  EXPECT_EQ(tail(story, {.role = Spender::judge}), "");
  EXPECT_EQ(tail(TurnStory({.limits = {.turns = 1}, .mode = Mode::instant})), "");
  EXPECT_EQ(tail(TurnStory()), "");
  EXPECT_TRUE(std::holds_alternative<Verify>(review_reminder(story.run, Verify{}, story.now)));
}

}  // namespace
}  // namespace pareto
