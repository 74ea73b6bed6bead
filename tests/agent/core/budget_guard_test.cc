#include "agent/core/budget_guard.h"

#include <gtest/gtest.h>

#include "agent/core/next.h"
#include "tests/agent/core/core_fixtures.h"

namespace pareto {
namespace {

using testing::PureDriver;
using testing::started_with;

constexpr std::int64_t kSlack = 64;

// A run after one call that was reported with 100 prompt tokens.
struct AfterOneCall {
  FakePlanner planner;
  PureDriver driver;

  explicit AfterOneCall(Limits limits, Milliseconds took = Milliseconds(1'000))
      : driver(one_reply(took), planner) {
    driver.start(started_with(some_task(), limits));
    while (driver.run()->receipt.turns == 0 && driver.advance()) {
    }
  }
  static testing::ScriptedWorld one_reply(Milliseconds took) {
    auto surroundings = world();
    auto reply = calling("view");
    reply.took = took;
    surroundings.replies = {reply};
    return surroundings;
  }
  Action guard(Action draft) const {
    return guard_budget(driver.run(), std::move(draft), planner, driver.now());
  }
};

TEST(BudgetGuardTest, TheFirstCallIsBoundedByItsBytes) {
  RunState run;
  run.model = priced_model();
  run.recall = Recall{.tool_spec_bytes = 1'000};
  run.history.append({.role = Role::user, .text = std::string(500, 'x')});
  run.bytes_since_prompt = run.history.bytes();
  CallModel call{.tail = std::string(20, 't'), .max_output_tokens = 300};
  call.append = {{.role = Role::user, .text = std::string(200, 'y')}};
  const std::int64_t input = run.history.bytes() + 1'000 + size_of(call.append[0]) + 20 + kSlack;
  EXPECT_EQ(worst_case(run, call), Money::nanos(input * 1'000 + 300 * 4'000));
}

TEST(BudgetGuardTest, ALaterCallIsBoundedByReportedTokensAndNewBytes) {
  RunState run;
  run.model = priced_model();
  run.recall = Recall{.tool_spec_bytes = 1'000};
  run.prompt_tokens = 700;
  run.bytes_since_prompt = 90;
  EXPECT_EQ(worst_case(run, {.max_output_tokens = 300}),
            Money::nanos((700 + 90 + kSlack) * 1'000 + 300 * 4'000));
}

TEST(BudgetGuardTest, TheDearestInputPriceCountsAndTheModelsOwnOutputBound) {
  RunState run;
  run.model = priced_model();
  run.model.price->cache_write = usd("3");
  run.prompt_tokens = 1'000;
  const Money expected = Money::nanos((1'000 + kSlack) * 3'000 + 1'000 * 4'000);
  EXPECT_EQ(worst_case(run, {}), expected);
  EXPECT_EQ(worst_case(run, {.max_output_tokens = 50'000}), expected);
}

TEST(BudgetGuardTest, SetsTheReservationAndTheOutputBound) {
  AfterOneCall made({.usd = usd("1")});
  const Action action = made.guard(CallModel{.with_tools = true});
  const auto* call = std::get_if<CallModel>(&action);
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->max_output_tokens, 1'000);
  EXPECT_EQ(call->reserve, worst_case(made.driver.run().state(), *call));
}

TEST(BudgetGuardTest, HoldsBackWhatTheWrapUpMayCost) {
  // The next call alone would fit: about 0.0045 USD; with the wrap-up after it it does not.
  AfterOneCall made({.usd = usd("0.0065")});
  const Action action = made.guard(CallModel{.with_tools = true});
  const auto* decide = std::get_if<Decide>(&action);
  ASSERT_NE(decide, nullptr);
  EXPECT_EQ(std::get<LimitReached>(decide->payload).reason, Reason::usd);
  const Action wrap_up = made.guard(CallModel{.max_output_tokens = kWrapUpTokens, .wrap_up = true});
  EXPECT_TRUE(std::holds_alternative<CallModel>(wrap_up));
  // A planner that needs no wrap-up may use the money.
  made.planner.wrapping_up = std::nullopt;
  EXPECT_TRUE(std::holds_alternative<CallModel>(made.guard(CallModel{.with_tools = true})));
}

TEST(BudgetGuardTest, AModelWithoutAPriceIsNotHeldBack) {
  RunState run;
  run.model = priced_model();
  run.model.price.reset();
  run.prompt_tokens = 1'000'000;
  EXPECT_EQ(worst_case(run, {}), Money());
}

TEST(BudgetGuardTest, KeepsATenthOfTheTimeForTheWrapUp) {
  const Limits limits{.seconds = Milliseconds(100'000)};
  EXPECT_TRUE(std::holds_alternative<CallModel>(
      AfterOneCall(limits, Milliseconds(89'999)).guard(CallModel{})));
  AfterOneCall late(limits, Milliseconds(90'000));
  for (const Action& draft : {Action(CallModel{}), Action(CallTools{{{"a", "view", "{}"}}})}) {
    const Action action = late.guard(draft);
    const auto* decide = std::get_if<Decide>(&action);
    ASSERT_NE(decide, nullptr);
    EXPECT_EQ(std::get<LimitReached>(decide->payload),
              (LimitReached{Reason::seconds, "budget_guard", "90 s of work used"}));
  }
}

TEST(BudgetGuardTest, KeepsAtMostHalfAMinute) {
  const Limits limits{.seconds = Milliseconds(3'600'000)};
  EXPECT_FALSE(out_of_time(AfterOneCall(limits, Milliseconds(3'569'999)).driver.run(),
                           AfterOneCall(limits, Milliseconds(3'569'999)).driver.now()));
  const AfterOneCall late(limits, Milliseconds(3'570'000));
  EXPECT_TRUE(out_of_time(late.driver.run(), late.driver.now()));
}

TEST(BudgetGuardTest, ACallEndsInTimeForTheWrapUp) {
  const AfterOneCall made({.seconds = Milliseconds(100'000)}, Milliseconds(40'000));
  const RunState& run = made.driver.run().state();
  const Instant now = made.driver.now();
  EXPECT_EQ(call_deadline(run, false, now).left(now), Milliseconds(50'000));
  EXPECT_EQ(call_deadline(run, true, now).left(now), Milliseconds(60'000));
  const Instant late = now + Milliseconds(200'000);
  EXPECT_TRUE(call_deadline(run, true, late).passed(late));
  EXPECT_EQ(call_deadline(AfterOneCall({}).driver.run().state(), false, now), Deadline::never());
}

TEST(BudgetGuardTest, PassesWhatCostsNothing) {
  AfterOneCall made({.usd = usd("0.0065")});
  EXPECT_TRUE(std::holds_alternative<Verify>(made.guard(Verify{})));
  EXPECT_TRUE(std::holds_alternative<Finish>(made.guard(Finish{})));
  EXPECT_TRUE(std::holds_alternative<CallTools>(made.guard(CallTools{})));
}

}  // namespace
}  // namespace pareto
