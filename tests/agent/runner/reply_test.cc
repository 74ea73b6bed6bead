#include "agent/runner/reply.h"

#include <gtest/gtest.h>

#include <set>

namespace pareto {
namespace {

const CallBegun kBegun{.call = {"01CALL"}, .reserved = Money::nanos(5'000'000)};

ModelInfo priced() {
  return {.name = "m",
          .price = Price{.input = Money::nanos(1'000'000'000),
                         .cached_input = Money::nanos(100'000'000),
                         .output = Money::nanos(2'000'000'000)}};
}

Reply with_message() {
  Reply reply;
  reply.message = Message{.role = Role::assistant, .text = "hello"};
  return reply;
}

TEST(SettleTest, PaysWhatWasUsedWithCachedTokensAtTheirOwnPrice) {
  Reply reply = with_message();
  reply.usage = Usage{.prompt_tokens = 1000, .cached_prompt_tokens = 900, .completion_tokens = 10};
  const CallEnded ended = settle(kBegun, priced(), reply);
  EXPECT_EQ(ended.settled, Money::nanos(100 * 1000 + 900 * 100 + 10 * 2000));
  EXPECT_FALSE(ended.estimated);
}

TEST(SettleTest, WithoutUsageTheReservationIsPaidAndMarked) {
  const CallEnded ended = settle(kBegun, priced(), with_message());
  EXPECT_EQ(ended.settled, kBegun.reserved);
  EXPECT_TRUE(ended.estimated);
}

TEST(SettleTest, WhatNeverLeftOwesNothing) {
  Reply reply;
  reply.sent = false;
  reply.error = Error{ErrorCode::unavailable, "no route to host"};
  const CallEnded ended = settle(kBegun, priced(), reply);
  EXPECT_EQ(ended.settled, Money());
  EXPECT_FALSE(ended.estimated);
}

TEST(SettleTest, UsageIsPaidAlsoWhenTheCallFailed) {
  Reply reply;
  reply.error = Error{ErrorCode::protocol, "nonsense"};
  reply.usage = Usage{.prompt_tokens = 10};
  EXPECT_EQ(settle(kBegun, priced(), reply).settled, Money::nanos(10'000));
}

TEST(SettleTest, AnUnknownPriceSettlesNothingAndIsNoEstimate) {
  CallBegun begun = kBegun;
  begun.priced = false;
  const CallEnded ended = settle(begun, {.name = "m"}, with_message());
  EXPECT_EQ(ended.settled, Money());
  EXPECT_FALSE(ended.estimated);
}

TEST(SettleTest, AnEmptyReplyIsAProtocolError) {
  const CallEnded ended = settle(kBegun, priced(), {});
  ASSERT_TRUE(ended.error);
  EXPECT_EQ(ended.error->code, ErrorCode::protocol);
}

TEST(SettleTest, ToolCallsGetUniqueIdsAndAreBounded) {
  Reply reply = with_message();
  for (int i = 0; i < 800; ++i) reply.message->tool_calls.push_back({"", "view", "{}"});
  reply.message->tool_calls[1].id = "same";
  reply.message->tool_calls[2].id = "same";
  const CallEnded ended = settle(kBegun, priced(), reply);
  std::set<std::string> ids;
  for (const ToolCall& call : ended.message->tool_calls) {
    EXPECT_FALSE(call.id.empty());
    ids.insert(call.id);
  }
  EXPECT_EQ(ids.size(), kMostToolCalls);
}

}  // namespace
}  // namespace pareto
