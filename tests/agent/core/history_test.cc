#include "agent/core/history.h"

#include <gtest/gtest.h>

namespace pareto {
namespace {

Message user(std::string text) { return {.role = Role::user, .text = std::move(text)}; }

TEST(HistoryTest, ItsHashIsTheChainOverItsMessages) {
  History history;
  EXPECT_EQ(history.hash(), 0U);
  std::uint64_t hash = 0;
  for (const char* text : {"a", "b", "c"}) {
    history.append(user(text));
    hash = chain_hash(hash, user(text));
    EXPECT_EQ(history.hash(), hash);
  }
}

TEST(HistoryTest, EveryPartThatIsSentChangesTheHash) {
  const Message plain{.role = Role::assistant,
                      .text = "text",
                      .tool_calls = {{"1", "view", "{}"}},
                      .tool_call_id = "9"};
  const auto differs = [&plain](auto change) {
    Message other = plain;
    change(other);
    return chain_hash(1, other) != chain_hash(1, plain);
  };
  EXPECT_TRUE(differs([](Message& m) { m.role = Role::user; }));
  EXPECT_TRUE(differs([](Message& m) { m.text = "texT"; }));
  EXPECT_TRUE(differs([](Message& m) { m.tool_calls[0].id = "2"; }));
  EXPECT_TRUE(differs([](Message& m) { m.tool_calls[0].name = "edit"; }));
  EXPECT_TRUE(differs([](Message& m) { m.tool_calls[0].arguments = "{ }"; }));
  EXPECT_TRUE(differs([](Message& m) { m.tool_calls.clear(); }));
  EXPECT_TRUE(differs([](Message& m) { m.tool_call_id = "8"; }));
  // The reasoning is shown to people and not sent back.
  EXPECT_FALSE(differs([](Message& m) { m.reasoning = "hm"; }));
}

TEST(HistoryTest, TextCannotMoveBetweenMessagesUnnoticed) {
  History one;
  one.append(user("ab"));
  one.append(user("c"));
  History two;
  two.append(user("a"));
  two.append(user("bc"));
  EXPECT_NE(one.hash(), two.hash());
}

TEST(HistoryTest, ReplacingEqualsAHistoryBuiltThatWay) {
  History history;
  for (const char* text : {"a", "b", "c", "d"}) history.append(user(text));
  history.replace(1, 3, user("b and c"));
  History built;
  for (const char* text : {"a", "b and c", "d"}) built.append(user(text));
  EXPECT_EQ(history, built);
  EXPECT_EQ(history.hash(), built.hash());
  EXPECT_EQ(history.bytes(), built.bytes());
  built.append(user("e"));
  EXPECT_FALSE(history == built);
}

TEST(HistoryTest, CopiesShareTheirMessages) {
  History history;
  history.append(user(std::string(1'000, 'x')));
  const History copy = history;  // NOLINT(performance-unnecessary-copy-initialization)
  history.append(user("more"));
  EXPECT_EQ(copy.size(), 1U);
  EXPECT_EQ(copy.messages()[0].get(), history.messages()[0].get());
}

TEST(HistoryTest, SizeCountsEveryByteThatIsSent) {
  const Message message{.role = Role::assistant,
                        .text = std::string(100, 't'),
                        .tool_calls = {{"id", std::string(10, 'n'), std::string(50, 'a')}}};
  EXPECT_GE(size_of(message), 160);
  History history;
  history.append(message);
  history.append(message);
  EXPECT_EQ(history.bytes(), 2 * size_of(message));
}

}  // namespace
}  // namespace pareto
