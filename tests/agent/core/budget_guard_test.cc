#include "agent/core/budget_guard.h"

#include <gtest/gtest.h>

#include "agent/core/next.h"
#include "agent/core/random.h"
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
  CallModel call{.tail = std::string(20, 't'), .with_tools = true, .max_output_tokens = 300};
  call.append = {{.role = Role::user, .text = std::string(200, 'y')}};
  const std::int64_t texts =
      run.history.bytes() + size_of(call.append[0]) + 20 + frame_bytes(0) + kSlack;
  EXPECT_EQ(prompt_bound(run, call), texts) << "no tools are sent";
  run.tools = {"view"};
  EXPECT_EQ(prompt_bound(run, call), texts + 1'000) << "as an older journal knows it";
  run.tool_bytes = 1'700;
  EXPECT_EQ(prompt_bound(run, call), texts + 1'700);
  EXPECT_EQ(worst_case(run, call), Money::nanos((texts + 1'700) * 1'000 + 300 * 4'000));
  call.only_tool = "finish";
  EXPECT_GT(prompt_bound(run, call), texts + 1'700) << "and what asks for the one tool";
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
  // The next call alone would fit: about 0.0045 USD; with the wrap-up after it and the results
  // before that it does not.
  AfterOneCall made({.usd = usd("0.015")});
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

TEST(BudgetGuardTest, AResultHasTheRoomThatTheWrapUpLeaves) {
  auto surroundings = world();
  surroundings.replies = {calling("view")};
  const auto room = [&surroundings](Limits limits) {
    const FakePlanner planner;
    PureDriver driver(surroundings, planner);
    driver.start(started_with(some_task(), limits));
    while (!driver.run()->step_begun && driver.advance()) {
    }
    return result_room(driver.run(), planner);
  };
  EXPECT_EQ(room({}), SIZE_MAX);
  const std::size_t poor = room({.usd = usd("0.01")});
  const std::size_t rich = room({.usd = usd("0.02")});
  EXPECT_EQ(rich - poor, 10'000U) << "a byte may be a token, and a token costs 1e-6 USD";
  surroundings.replies.front().usage = Usage{.prompt_tokens = 100, .completion_tokens = 1'000};
  EXPECT_EQ(room({.usd = usd("0.0045")}), 256U) << "never none";
  surroundings.model.price.reset();
  EXPECT_EQ(room({.usd = usd("0.01")}), SIZE_MAX);
}

// The dearest provider within its bounds, who counts every prompt at the most that it can be, with
// replies of several calls and results that are as long as they may be: no budget is ever passed,
// and whenever a call was made with the wrap-up held back behind it, that wrap-up is made.
TEST(BudgetGuardTest, APromisedWrapUpIsMadeAndNoBudgetIsPassed) {
  static const Concern remind{"remind", [](const auto& run, Action draft, Instant) -> Action {
                                auto* call = std::get_if<CallModel>(&draft);
                                if (call == nullptr || call->wrap_up) return draft;
                                call->tail = std::string(run->seq * 37 % 400, 'r');
                                return draft;
                              }};
  static const Concern nudge{"nudge", [](const auto& run, Action draft, Instant) -> Action {
                               const auto* call = std::get_if<CallModel>(&draft);
                               const bool due = call != nullptr && !call->wrap_up && !run->limit &&
                                                run->history.back().role == Role::tool &&
                                                run->seq % 3 == 0;
                               if (!due) return draft;
                               return Decide{Nudged{"nudge", std::string(400, 'n')}};
                             }};
  int promised_ones = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SeededRandom random(seed);
    const auto below = [&random](std::uint64_t most) {
      return static_cast<std::int64_t>(random.next() % most);
    };
    auto surroundings = world();
    surroundings.model.max_output_tokens = 200 + below(2'000);
    surroundings.reply = [&](const auto& run) {
      const Money output = Money::nanos(run->call->max_output_tokens * 4'000);
      const std::int64_t prompt = (run->call->reserved - output).to_nanos() / 1'000;
      const std::int64_t tokens =
          1 + below(static_cast<std::uint64_t>(run->call->max_output_tokens));
      testing::ScriptedReply reply{
          .usage = Usage{.prompt_tokens = prompt, .completion_tokens = tokens},
          .finish_reason = FinishReason::tool_calls};
      const std::int64_t calls = run->call->wrap_up ? 1 : 1 + below(4);
      for (std::int64_t i = 0; i < calls; ++i) {
        const std::string text(static_cast<std::size_t>(6 * tokens / calls), 'a');
        reply.calls.push_back({"call_" + std::to_string(random.next()),
                               run->call->wrap_up ? "finish" : "view",
                               "{\"answer\":\"" + text + "\"}"});
      }
      return reply;
    };
    surroundings.tool = [&](const auto&, const ToolCall&) {
      return ToolResult{.text = std::string(static_cast<std::size_t>(below(20'000)), 'x')};
    };
    Limits limits{.usd = Money::nanos(1'000'000 + below(120'000'000))};
    if (below(3) == 0) limits.turns = static_cast<int>(1 + below(6));
    FakePlanner planner;
    PureDriver driver(surroundings, planner, {remind, nudge});
    bool promised = false;
    bool wrapped = false;
    driver.on_action = [&](const auto& run, const Action& action) {
      const auto* call = std::get_if<CallModel>(&action);
      if (call == nullptr) return;
      wrapped |= call->wrap_up;
      if (!call->wrap_up) promised = leaves_a_wrap_up(run, *call, planner);
    };
    driver.start(started_with(some_task(), limits));
    const auto outcome = driver.drive();
    ASSERT_TRUE(outcome) << seed;
    ASSERT_LE(driver.run()->ledger.settled(), *limits.usd) << seed;
    ASSERT_FALSE(promised && !wrapped) << seed;
    promised_ones += promised ? 1 : 0;
  }
  EXPECT_GT(promised_ones, 200);
}

}  // namespace
}  // namespace pareto
