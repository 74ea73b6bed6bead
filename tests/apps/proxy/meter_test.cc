#include "apps/proxy/meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "agent/core/random.h"

namespace pareto {
namespace {

using testing::HasSubstr;

// A nano-dollar for a prompt token, ten for one of the output.
const ModelInfo kModel{.name = "m",
                       .price = Price{.input = Money::nanos(1'000'000),
                                      .cached_input = Money::nanos(500'000),
                                      .cache_write = Money::nanos(1'000'000),
                                      .output = Money::nanos(10'000'000)}};

ChatRequest request(std::int64_t bytes, std::int64_t output) {
  return {.max_output_tokens = output, .messages = {{7, bytes}}};
}

Reply reply(std::int64_t prompt, std::int64_t completion) {
  return {.message = Message{.role = Role::assistant},
          .usage = Usage{.prompt_tokens = prompt, .completion_tokens = completion},
          .took = Milliseconds(5)};
}

TEST(MeterTest, ReservesTheWorstCaseAndSettlesWhatWasUsed) {
  Meter meter({.usd = Money::nanos(10'000)}, kModel);
  EXPECT_EQ(meter.begin({"a"}, request(100, 20)), std::nullopt);
  EXPECT_EQ(meter.ledger().reserved(), Money::nanos(100 + 64 + 200));
  const CallEnded ended = meter.end({"a"}, request(100, 20), reply(30, 5));
  EXPECT_EQ(ended.settled, Money::nanos(80));
  EXPECT_FALSE(ended.estimated);
  Receipt expected;
  expected.usage[0] = {.prompt_tokens = 30, .completion_tokens = 5};
  expected.cost[0] = Money::nanos(80);
  expected.turns = 1;
  expected.model_calls = 1;
  expected.model_seconds = Milliseconds(5);
  EXPECT_EQ(meter.receipt(), expected);
}

TEST(MeterTest, RefusesWhatTheBudgetDoesNotBear) {
  Meter meter({.usd = Money::nanos(400)}, kModel);
  EXPECT_EQ(meter.begin({"a"}, request(100, 20)), std::nullopt);
  const auto refused = meter.begin({"b"}, request(100, 20));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, Reason::usd);
  EXPECT_THAT(refused->text, HasSubstr("0.000000036 USD are left"));
  (void)meter.end({"a"}, request(100, 20), reply(1, 1));
  EXPECT_EQ(meter.begin({"c"}, request(100, 20)), std::nullopt) << "what was over is free again";
  EXPECT_EQ(meter.receipt().model_calls, 2);
}

TEST(MeterTest, CountsCallsUnderWayAsTurns) {
  Meter meter({.turns = 2}, kModel);
  EXPECT_EQ(meter.begin({"a"}, request(1, 1)), std::nullopt);
  EXPECT_EQ(meter.begin({"b"}, request(1, 1)), std::nullopt);
  EXPECT_EQ(meter.begin({"c"}, request(1, 1))->reason, Reason::turns);
  // One that brought nothing is none.
  (void)meter.end({"a"}, request(1, 1), {.usage = Usage{}, .error = Error{}});
  (void)meter.end({"b"}, request(1, 1), reply(1, 1));
  EXPECT_EQ(meter.begin({"d"}, request(1, 1)), std::nullopt);
  EXPECT_EQ(meter.begin({"e"}, request(1, 1))->reason, Reason::turns);
}

TEST(MeterTest, ACallWithoutUsageCostsItsReservation) {
  Meter meter({.usd = Money::nanos(10'000)}, kModel);
  EXPECT_EQ(meter.begin({"a"}, request(100, 20)), std::nullopt);
  const CallEnded ended = meter.end({"a"}, request(100, 20), {.error = Error{}});
  EXPECT_EQ(ended.settled, Money::nanos(364));
  EXPECT_TRUE(ended.estimated);
  EXPECT_TRUE(meter.receipt().cost_estimated);
  EXPECT_EQ(meter.begin({"b"}, request(100, 20)), std::nullopt);
  EXPECT_EQ(meter.end({"b"}, request(100, 20), {.error = Error{}, .sent = false}).settled, Money());
}

TEST(MeterTest, AnUnknownPriceIsUnknown) {
  Meter limited({.usd = Money::nanos(1'000'000'000)}, {.name = "m"});
  const auto refusal = limited.begin({"a"}, request(100, 20));
  ASSERT_TRUE(refusal) << "what may cost anything is within no budget";
  EXPECT_EQ(refusal->reason, Reason::usd);
  Meter meter({}, {.name = "m"});
  EXPECT_EQ(meter.begin({"a"}, request(100, 20)), std::nullopt);
  (void)meter.end({"a"}, request(100, 20), reply(30, 5));
  EXPECT_FALSE(meter.receipt().cost_known);
  EXPECT_EQ(meter.receipt().total_usage().prompt_tokens, 30);
}

// Any number of calls at a time, begun and ended in any order, with replies within their bounds.
TEST(MeterTest, NeverSpendsPastItsBudget) {
  SeededRandom random(11);
  for (int round = 0; round < 300; ++round) {
    const Money budget = Money::nanos(static_cast<std::int64_t>(random.next() % 20'000));
    Meter meter({.usd = budget}, kModel);
    std::map<CallId, ChatRequest> open;
    Money settled;
    for (int step = 0; step < 60; ++step) {
      if (open.empty() || random.next() % 2 == 0) {
        const CallId id{std::to_string(step)};
        const ChatRequest asked = request(static_cast<std::int64_t>(random.next() % 500),
                                          static_cast<std::int64_t>(random.next() % 100 + 1));
        if (!meter.begin(id, asked)) open.emplace(id, asked);
      } else {
        auto call =
            std::next(open.begin(), static_cast<std::ptrdiff_t>(random.next() % open.size()));
        const ChatRequest& asked = call->second;
        // Seen twice, a prompt is known; the same bytes have the same tokens.
        const std::int64_t prompt = asked.messages[0].bytes / 2 + 10;
        Reply ended =
            reply(prompt, static_cast<std::int64_t>(random.next() % (asked.max_output_tokens + 1)));
        if (random.next() % 4 == 0) ended.usage.reset();
        settled += meter.end(call->first, asked, std::move(ended)).settled;
        open.erase(call);
      }
      ASSERT_LE(meter.ledger().settled() + meter.ledger().reserved(), budget);
      ASSERT_EQ(meter.ledger().settled(), settled);
      ASSERT_EQ(meter.receipt().total_cost(), settled);
    }
  }
}

}  // namespace
}  // namespace pareto
