#include "apps/proxy/prompt_bound.h"

#include <gtest/gtest.h>

#include "agent/core/random.h"

namespace pareto {
namespace {

ChatRequest request(std::vector<PromptPart> messages, PromptPart frame = {1, 100}) {
  return {.messages = std::move(messages), .frame = frame};
}

TEST(PromptBoundTest, IsTheBytesOfAPromptThatIsNew) {
  EXPECT_EQ(PromptBound().of(request({{1, 10}, {2, 20}})), 100 + 10 + 20 + 64);
}

TEST(PromptBoundTest, TakesWhatWasCountedForThePromptsBeginning) {
  PromptBound bound;
  bound.learn(request({{1, 10}, {2, 20}}), 25);
  EXPECT_EQ(bound.of(request({{1, 10}, {2, 20}})), 25 + 64);
  EXPECT_EQ(bound.of(request({{1, 10}, {2, 20}, {3, 30}, {4, 40}})), 25 + 30 + 40 + 64);
  bound.learn(request({{1, 10}, {2, 20}, {3, 30}}), 31);
  EXPECT_EQ(bound.of(request({{1, 10}, {2, 20}, {3, 30}, {4, 40}})), 31 + 40 + 64);
}

TEST(PromptBoundTest, AnotherBeginningOrOtherToolsCountInBytes) {
  PromptBound bound;
  bound.learn(request({{1, 10}, {2, 20}}), 5);
  EXPECT_EQ(bound.of(request({{1, 10}})), 100 + 10 + 64);
  EXPECT_EQ(bound.of(request({{9, 10}, {2, 20}})), 100 + 30 + 64);
  EXPECT_EQ(bound.of(request({{1, 10}, {2, 20}}, {7, 100})), 100 + 30 + 64);
}

TEST(PromptBoundTest, ACountThatSaysNothingIsIgnored) {
  PromptBound bound;
  bound.learn(request({{1, 10}}), 0);
  EXPECT_EQ(bound.of(request({{1, 10}})), 100 + 10 + 64);
}

// Where a token is a byte at least, no bound that was learned from true counts is below the truth.
TEST(PromptBoundTest, NeverFallsBelowWhatAPromptHas) {
  SeededRandom random(7);
  for (int round = 0; round < 200; ++round) {
    PromptBound bound;
    std::vector<PromptPart> messages;
    std::vector<std::int64_t> tokens;
    std::int64_t total = 0;
    for (int turn = 0; turn < 20; ++turn) {
      if (random.next() % 5 == 0) {
        messages.clear();
        total = 0;
      }
      const auto bytes = static_cast<std::int64_t>(random.next() % 1'000 + 1);
      // A message of a hash has always the same tokens.
      const std::uint64_t hash = static_cast<std::uint64_t>(bytes) * 2 + random.next() % 2;
      total += hash % 2 == 0 ? bytes : (bytes + 3) / 4;
      messages.push_back({hash, bytes});
      const ChatRequest asked = request(messages, {3, 40});
      EXPECT_GE(bound.of(asked), total + 10);
      if (random.next() % 3 != 0) bound.learn(asked, total + 10);
    }
  }
}

}  // namespace
}  // namespace pareto
