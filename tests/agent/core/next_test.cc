#include "agent/core/next.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/core/random.h"
#include "tests/agent/core/core_fixtures.h"

namespace pareto {
namespace {

using testing::PureDriver;
using testing::ScriptedReply;
using testing::ScriptedWorld;
using testing::started_with;

// What one run came to.
struct End {
  Outcome outcome;
  std::vector<Event> events;

  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const Event& event : events) {
      if (const auto* payload = std::get_if<T>(&event.payload)) found.push_back(*payload);
    }
    return found;
  }
};

End drive(ScriptedWorld surroundings, Task task, Limits limits = {},
          FakePlanner planner = FakePlanner(), std::vector<Concern> concerns = {}) {
  PureDriver driver(std::move(surroundings), planner, std::move(concerns));
  driver.start(started_with(std::move(task), limits));
  const auto outcome = driver.drive();
  EXPECT_TRUE(outcome) << "the run did not end";
  EXPECT_TRUE(every_call_has_one_result(driver.run()));
  return {outcome.value_or(Outcome{}), driver.events()};
}

std::vector<std::string> names(const std::vector<Event>& events) {
  std::vector<std::string> names;
  for (const Event& event : events) names.emplace_back(name_of(event.payload));
  return names;
}

TEST(RunTest, TravelsItsRoadInOrder) {
  ScriptedWorld surroundings = world();
  surroundings.replies = {calling("view"), finishing("42")};
  const End end = drive(surroundings, some_task());
  EXPECT_EQ(names(end.events),
            (std::vector<std::string>{"started", "recalled", "routed", "planned", "call_begun",
                                      "call_ended", "step_begun", "step_ended", "call_begun",
                                      "call_ended", "step_begun", "step_ended", "finished"}));
  EXPECT_EQ(end.outcome.status, Status::success);
  EXPECT_EQ(end.outcome.reason, Reason::unverified);
  EXPECT_EQ(end.outcome.answer, "42");
}

TEST(RunTest, WaitsForWhatIsUnderWay) {
  ScriptedWorld surroundings = world();
  surroundings.replies = {calling("view")};
  const FakePlanner planner;
  PureDriver driver(surroundings, planner);
  driver.start(started_with(some_task()));
  while (!driver.run()->call && driver.advance()) {
  }
  EXPECT_TRUE(std::holds_alternative<Wait>(next(driver.run(), &planner, {}, driver.now())));
  while (!driver.run()->step_begun && driver.advance()) {
  }
  EXPECT_TRUE(std::holds_alternative<Wait>(next(driver.run(), &planner, {}, driver.now())));
}

TEST(RunTest, AskingTwiceGivesTheSameAction) {
  ScriptedWorld surroundings = world();
  surroundings.replies = {calling("view"), {.text = "hm"}, calling("edit"), finishing("42")};
  surroundings.verdicts = {{.passed = true}};
  const FakePlanner planner;
  PureDriver driver(surroundings, planner);
  driver.start(started_with(checked_task(), {.usd = usd("1")}));
  driver.on_action = [&](const auto& run, const Action& action) {
    EXPECT_EQ(next(run, &planner, {}, driver.now()).index(), action.index());
  };
  EXPECT_TRUE(driver.drive());
}

TEST(RunTest, StopsBeforeSpendingPastTheBudget) {
  for (const char* budget : {"0.0045", "0.006", "0.01", "0.02", "0.05"}) {
    ScriptedWorld surroundings = world();
    for (int i = 0; i < 100; ++i) {
      // The worst that a provider may do within the bounds it was given.
      ScriptedReply reply = calling("view", "{\"n\":" + std::to_string(i) + "}");
      reply.usage = Usage{.prompt_tokens = 130 + 120 * i, .completion_tokens = 1'000};
      surroundings.replies.push_back(reply);
    }
    const End end = drive(surroundings, some_task(), {.usd = usd(budget)});
    EXPECT_EQ(end.outcome.status, Status::limit) << budget;
    EXPECT_EQ(end.outcome.reason, Reason::usd) << budget;
    EXPECT_LE(end.outcome.receipt.total_cost(), usd(budget));
    EXPECT_GT(end.outcome.receipt.turns, 0) << budget;
  }
}

TEST(RunTest, RefusesABudgetThatOneCallCouldBreakAndSpendsNothing) {
  ScriptedWorld surroundings = world();
  surroundings.replies = {finishing("42")};
  const End end = drive(surroundings, some_task(), {.usd = usd("0.003")});
  EXPECT_EQ(end.outcome.status, Status::limit);
  EXPECT_EQ(end.outcome.reason, Reason::refused_budget);
  EXPECT_EQ(end.outcome.receipt.model_calls, 0);
  EXPECT_TRUE(end.outcome.error.contains("nothing was spent")) << end.outcome.error;
  EXPECT_TRUE(end.all<CallBegun>().empty());
}

TEST(RunTest, HoldsBackTheWrapUp) {
  ScriptedWorld surroundings = world();
  for (int i = 0; i < 3; ++i) surroundings.replies.push_back(calling("view"));
  const FakePlanner planner;
  // Enough for two calls as they turn out, but the third could eat the wrap-up's money.
  PureDriver driver(surroundings, planner);
  driver.start(started_with(some_task(), {.usd = usd("0.0068")}));
  while (!driver.run()->limit && driver.advance()) {
  }
  ASSERT_TRUE(driver.run()->limit);
  EXPECT_GT(driver.run()->receipt.turns, 0);
  while (!driver.run()->call && driver.advance()) {
  }
  ASSERT_TRUE(driver.run()->call) << "no wrap-up call was made";
  EXPECT_TRUE(driver.run()->call->wrap_up);
  EXPECT_EQ(driver.run()->call->max_output_tokens, kWrapUpTokens);
}

TEST(RunTest, TheWrapUpAnswersAtALimitAndIsNoTurn) {
  ScriptedWorld surroundings = world();
  surroundings.replies = {calling("view"), calling("edit"), finishing("late answer")};
  const Concern two_turns{"two_turns", [](const auto& run, Action draft, Instant) -> Action {
                            if (run->receipt.turns < 2 || run->limit) return draft;
                            if (!std::holds_alternative<CallModel>(draft)) return draft;
                            return Decide{LimitReached{Reason::turns, "two_turns", "2 turns"}};
                          }};
  const End end = drive(surroundings, some_task(), {}, FakePlanner(), {two_turns});
  EXPECT_EQ(end.outcome.status, Status::limit);
  EXPECT_EQ(end.outcome.reason, Reason::turns);
  EXPECT_EQ(end.outcome.answer, "late answer");
  EXPECT_EQ(end.outcome.receipt.turns, 2);
  EXPECT_EQ(end.outcome.receipt.model_calls, 3);
}

TEST(RunTest, AWrapUpThatCallsMoreThanFinishGivesEveryCallItsResult) {
  for (const bool finish_first : {true, false}) {
    ScriptedWorld surroundings = world();
    ScriptedReply both = finishing("done");
    both.calls.insert(finish_first ? both.calls.end() : both.calls.begin(),
                      {"x", "edit", R"({"path":"a"})"});
    surroundings.replies = {calling("view"), both};
    std::vector<std::string> ran;
    surroundings.tool = [&ran](const auto&, const ToolCall& call) {
      ran.push_back(call.name);
      return ToolResult{.text = "done"};
    };
    const Limits limits{.seconds = Milliseconds(1'000)};  // the first call uses all of it
    const End end = drive(surroundings, some_task(), limits);
    EXPECT_EQ(end.outcome.answer, "done");
    EXPECT_EQ(end.outcome.reason, Reason::seconds);
    EXPECT_EQ(ran, (std::vector<std::string>{"finish"}));
  }
}

TEST(RunTest, ACallThatRanIntoTheTimeForWrappingUpIsWrappedUp) {
  ScriptedWorld surroundings = world();
  surroundings.replies = {calling("view"),
                          {.usage = std::nullopt,
                           .error = Error{ErrorCode::timeout, "deadline"},
                           .took = Milliseconds(89'000)},
                          finishing("in time")};
  const End end = drive(surroundings, some_task(), {.seconds = Milliseconds(100'000)});
  EXPECT_EQ(end.outcome.reason, Reason::seconds);
  EXPECT_EQ(end.outcome.answer, "in time");
}

TEST(RunTest, WorkAtALimitIsVerifiedAndMayBeASuccess) {
  for (const bool passed : {true, false}) {
    ScriptedWorld surroundings = world();
    surroundings.replies = {calling("edit"), finishing("all I have")};
    surroundings.tool = [](const auto&, const ToolCall& call) {
      return ToolResult{.text = "done", .changed_workspace = call.name == "edit"};
    };
    surroundings.verdicts = {{.passed = passed, .output = "out"}};
    const End end = drive(surroundings, checked_task(), {.seconds = Milliseconds(1'000)});
    EXPECT_EQ(end.outcome.status, passed ? Status::success : Status::limit);
    EXPECT_EQ(end.outcome.reason, Reason::seconds);
    ASSERT_TRUE(end.outcome.verdict);
    EXPECT_EQ(end.outcome.verdict->passed, passed);
  }
}

TEST(RunTest, WorkIsVerifiedEvenWhenNoMoneyIsLeftToWrapUp) {
  ScriptedWorld surroundings = world();
  ScriptedReply dear = calling("edit");
  dear.usage = Usage{.prompt_tokens = 3'000, .completion_tokens = 1'500};  // ignores its bound
  surroundings.replies = {dear};
  surroundings.tool = [](const auto&, const ToolCall&) {
    return ToolResult{.text = std::string(4'000, 'x'), .changed_workspace = true};
  };
  surroundings.verdicts = {{.passed = true}};
  const End end = drive(surroundings, checked_task(), {.usd = usd("0.0095")});
  EXPECT_EQ(end.outcome.receipt.model_calls, 1);
  EXPECT_EQ(end.outcome.status, Status::success);
  EXPECT_EQ(end.outcome.reason, Reason::usd);
}

TEST(RunTest, SuccessNeedsTheVerdictAndAVerdictIsNotAskedForTwice) {
  ScriptedWorld surroundings = world();
  surroundings.replies = {finishing("done")};
  surroundings.verdicts = {{.passed = false, .exit_code = 1}};
  const End end = drive(surroundings, checked_task());
  EXPECT_EQ(end.outcome.status, Status::failure);
  EXPECT_EQ(end.outcome.reason, Reason::verify_failed);
  EXPECT_EQ(end.all<VerifyBegun>().size(), 1U);
}

TEST(RunTest, ACheckThatCouldNotRunIsAnErrorAndNoVerdict) {
  ScriptedWorld surroundings = world();
  surroundings.replies = {finishing("done")};
  surroundings.verdicts = {{.error = "no sandbox"}};
  const End end = drive(surroundings, checked_task());
  EXPECT_EQ(end.outcome.status, Status::error);
  EXPECT_EQ(end.outcome.reason, Reason::sandbox);
  EXPECT_EQ(end.outcome.error, "no sandbox");
}

TEST(RunTest, AnEmptyAnswerAndNoWorkIsNoSuccess) {
  ScriptedWorld surroundings = world();
  surroundings.replies = {finishing("")};
  EXPECT_EQ(drive(surroundings, some_task()).outcome.status, Status::failure);
}

TEST(RunTest, GivesUpOnAModelThatCannotBeReached) {
  const End end = drive(world(), some_task());
  EXPECT_EQ(end.outcome.status, Status::error);
  EXPECT_EQ(end.outcome.reason, Reason::model);
  EXPECT_EQ(end.outcome.receipt.model_calls, 1);
}

TEST(RunTest, TriesABrokenReplyOnceMore) {
  ScriptedWorld surroundings = world();
  const ScriptedReply broken{.error = Error{ErrorCode::protocol, "half a reply"}};
  surroundings.replies = {broken, finishing("42")};
  EXPECT_EQ(drive(surroundings, some_task()).outcome.answer, "42");
  surroundings.replies = {broken, broken, finishing("42")};
  const End end = drive(surroundings, some_task());
  EXPECT_EQ(end.outcome.status, Status::error);
  EXPECT_EQ(end.outcome.error, "half a reply");
}

TEST(RunTest, APromptThatIsTooLongEndsWithItsReason) {
  ScriptedWorld surroundings = world();
  surroundings.replies = {
      {.usage = std::nullopt, .error = Error{ErrorCode::limit, "20255 > 16384"}}};
  const End end = drive(surroundings, some_task());
  EXPECT_EQ(end.outcome.status, Status::error);
  EXPECT_EQ(end.outcome.reason, Reason::context);
}

TEST(RunTest, WorkBeforeTheModelFailedIsStillVerified) {
  ScriptedWorld surroundings = world();
  surroundings.replies = {calling("edit")};  // then it is unreachable
  surroundings.tool = [](const auto&, const ToolCall&) {
    return ToolResult{.text = "done", .changed_workspace = true};
  };
  surroundings.verdicts = {{.passed = true}};
  EXPECT_EQ(drive(surroundings, checked_task()).outcome.status, Status::success);
}

// A cancel in any state ends the run with the history valid.
TEST(RunTest, EveryCallHasExactlyOneResultAfterACancelAnywhere) {
  for (int moment = 4; moment < 16; ++moment) {
    ScriptedWorld surroundings = world();
    ScriptedReply two = calling("view", "{}", "a");
    two.calls.push_back({"b", "edit", "{}"});
    surroundings.replies = {two, calling("view", "{}", "c"), finishing("so far"),
                            finishing("so far")};
    const FakePlanner planner;
    PureDriver driver(surroundings, planner);
    driver.start(started_with(some_task(), {.usd = usd("1")}));
    driver.drive(moment);
    if (driver.run()->outcome) continue;
    driver.cancel();
    const auto outcome = driver.drive();
    ASSERT_TRUE(outcome) << moment;
    EXPECT_EQ(outcome->status, Status::cancelled) << moment;
    EXPECT_TRUE(every_call_has_one_result(driver.run())) << moment;
  }
}

TEST(RunTest, ACancelBeforeTheFirstCallSpendsNothing) {
  const FakePlanner planner;
  PureDriver driver(world(), planner);
  driver.start(started_with(some_task()));
  driver.drive(3);
  driver.cancel();
  const auto outcome = driver.drive();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status, Status::cancelled);
  EXPECT_EQ(outcome->receipt.model_calls, 0);
}

// Kills the owner after every single event; the next owner must end the run with a valid history,
// within the budget, and with every lost call paid for.
TEST(RunTest, EveryCallHasExactlyOneResultAfterACrashAnywhere) {
  ScriptedWorld surroundings = world();
  ScriptedReply two = calling("view", "{}", "a");
  two.calls.push_back({"b", "edit", "{}"});
  surroundings.replies = {two, calling("view", "{}", "c"), finishing("42")};
  surroundings.verdicts = {{.passed = true}};
  surroundings.tool = [](const auto&, const ToolCall& call) {
    return ToolResult{.text = "done", .changed_workspace = call.name == "edit"};
  };
  const FakePlanner planner;
  PureDriver whole(surroundings, planner);
  whole.start(started_with(checked_task(), {.usd = usd("1")}));
  ASSERT_TRUE(whole.drive());
  const std::vector<std::string> idempotent{"finish", "view"};
  for (std::size_t kept = 1; kept < whole.events().size(); ++kept) {
    ScriptedWorld rest = surroundings;
    const std::span<const Event> events(whole.events().data(), kept);
    for (const Event& event : events) {
      if (std::holds_alternative<CallEnded>(event.payload)) rest.replies.pop_front();
    }
    PureDriver driver(rest, planner);
    ASSERT_NO_FATAL_FAILURE(driver.resume(events, idempotent));
    const auto outcome = driver.drive();
    ASSERT_TRUE(outcome) << "killed after event " << kept;
    EXPECT_EQ(outcome->status, Status::success) << kept;
    EXPECT_EQ(outcome->answer, "42") << kept;
    EXPECT_TRUE(every_call_has_one_result(driver.run())) << kept;
    EXPECT_EQ(driver.run()->ledger.settled(), outcome->receipt.total_cost());
    EXPECT_EQ(driver.run()->ledger.open_calls(), 0U);
  }
}

TEST(RunTest, ARefusedCallIsToldToTheModel) {
  const Concern ask{"ask", [](const auto& run, Action draft, Instant) -> Action {
                      const auto* step = std::get_if<CallTools>(&draft);
                      if (step == nullptr || step->calls[0].name != "fetch") return draft;
                      if (!run->approved.empty()) return draft;
                      return AskPerson{{step->calls[0].id}, "Allow?"};
                    }};
  for (const bool approve : {true, false}) {
    ScriptedWorld surroundings = world();
    surroundings.replies = {calling("fetch"), finishing("42")};
    surroundings.approve = approve;
    int ran = 0;
    surroundings.tool = [&ran](const auto&, const ToolCall& call) {
      ran += call.name == "fetch" ? 1 : 0;
      return ToolResult{.text = "done"};
    };
    const End end = drive(surroundings, some_task(), {}, FakePlanner(), {ask});
    EXPECT_EQ(ran, approve ? 1 : 0);
    EXPECT_EQ(end.all<StepEnded>()[0].result.status,
              approve ? ResultStatus::ok : ResultStatus::denied);
  }
}

TEST(RunTest, AReminderIsPaidForOrLeftOut) {
  static const Concern remind{"remind", [](const auto&, Action draft, Instant) -> Action {
                                if (auto* call = std::get_if<CallModel>(&draft)) {
                                  call->tail = std::string(500, 'r');
                                }
                                return draft;
                              }};
  const auto first_call = [](const char* budget) {
    ScriptedWorld surroundings = world();
    surroundings.replies = {finishing("42")};
    const End end = drive(surroundings, some_task(), {.usd = usd(budget)}, FakePlanner(), {remind});
    return end.all<CallBegun>().at(0);
  };
  const CallBegun rich = first_call("1");
  EXPECT_EQ(rich.tail.size(), 500U);
  const CallBegun poor = first_call("0.0042");
  EXPECT_EQ(poor.tail, "");
  EXPECT_EQ(rich.reserved - poor.reserved, Money::nanos((500 + frame_bytes(0)) * 1'000));
}

TEST(RunTest, WhatAPlannerCallsAFailureIsNone) {
  const ScriptedReply reply{.text = "half an answer"};
  FakePlanner planner;
  planner.on_next = [](const auto& run) -> Action {
    if (run->history.back().role != Role::assistant) return CallModel{};
    return Finish{Status::failure, Reason::model, "half", "it was cut off"};
  };
  ScriptedWorld surroundings = world();
  surroundings.replies = {reply};
  surroundings.verdicts = {{.passed = true}};
  const Outcome end = drive(surroundings, some_task(), {}, planner).outcome;
  EXPECT_EQ(end.status, Status::failure);
  EXPECT_EQ(end.reason, Reason::model);
  EXPECT_EQ(end.answer, "half");
  EXPECT_EQ(end.error, "it was cut off");
  // What a check says outweighs it.
  EXPECT_EQ(drive(surroundings, checked_task(), {}, planner).outcome.status, Status::success);
}

TEST(RunTest, TheGuardAndEveryConcernAreTimedInTheirOrder) {
  struct Watch final : ConcernWatch {
    void begin() override { seen += "begin "; }
    void done(std::size_t which) override { seen += std::to_string(which) + " "; }
    std::string seen;
  };
  const auto pass = [](const auto&, Action draft, Instant) { return draft; };
  const std::vector<Concern> concerns{{"first", pass}, {"second", pass}};
  const FakePlanner planner;
  PureDriver driver(world(), planner, concerns);
  driver.start(started_with(some_task()));
  Watch watch;
  while (!driver.run()->planned) {
    next(driver.run(), &planner, concerns, driver.now(), &watch);
    ASSERT_TRUE(driver.advance());
  }
  EXPECT_EQ(watch.seen, "") << "before there is a plan nothing is reviewed";
  next(driver.run(), &planner, concerns, driver.now(), &watch);
  EXPECT_EQ(watch.seen, "begin 0 1 2 ");
}

// Consecutive requests share their prefix: each history sent is the one before it and more.
TEST(RunTest, ThePrefixIsStableThroughRetriesAndResume) {
  ScriptedWorld surroundings = world();
  surroundings.replies = {calling("view", "{}", "a"),
                          {.error = Error{ErrorCode::protocol, "broken"}},
                          calling("edit", "{}", "b"),
                          {.text = "hm"},
                          finishing("42")};
  FakePlanner planner;
  planner.on_next = [](const auto& run) -> Action {
    if (run->answer) return Finish{.status = Status::success, .answer = *run->answer};
    CallModel call{.tail = "never stored", .with_tools = true};
    const Message& last = run->history.back();
    if (last.role == Role::assistant) call.append = {{.role = Role::user, .text = "Go on."}};
    return call;
  };
  PureDriver driver(surroundings, planner);
  driver.start(started_with(some_task(), {.usd = usd("1")}));
  std::vector<MessageRef> before;
  int requests = 0;
  const auto look = [&before, &requests](const auto& run) {
    const auto now = run->history.messages();
    ASSERT_GE(now.size(), before.size());
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (i < before.size()) {
        ASSERT_EQ(*now[i], *before[i]);
      }
      ASSERT_FALSE(now[i]->text.contains("never stored"));
      hash = chain_hash(hash, *now[i]);
    }
    ASSERT_EQ(hash, run->history.hash());
    before.assign(now.begin(), now.end());
    ++requests;
  };
  while (driver.advance()) {
    if (!driver.run()->call) continue;
    ASSERT_NO_FATAL_FAILURE(look(driver.run()));
  }
  ASSERT_TRUE(driver.run()->outcome);
  EXPECT_EQ(requests, 5);
  for (const Event& event : driver.events()) {
    if (!std::holds_alternative<CallBegun>(event.payload)) continue;
    const std::span<const Event> up_to(driver.events().data(), static_cast<std::size_t>(event.seq));
    EXPECT_EQ(std::get<CallBegun>(event.payload).history_hash,
              pareto::Run::replay(up_to).value()->history.hash());
  }
}

TEST(RunTest, ABenchmarksLabelIsInNoMessage) {
  Task task = some_task();
  task.label = "zebra-class";
  task.score = R"({"type":"exact","answers":["zebra-secret"]})";
  task.metadata = R"({"hint":"zebra-hint"})";
  ScriptedWorld surroundings = world();
  surroundings.replies = {finishing("42")};
  const End end = drive(surroundings, task);
  for (const Planned& planned : end.all<Planned>()) {
    for (const Message& message : planned.messages) EXPECT_FALSE(message.text.contains("zebra"));
  }
}

// Money under a provider that behaves badly but within its bounds, with crashes in between.
TEST(RunTest, NoMixOfFailuresAndCrashesSpendsPastTheBudget) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SeededRandom random(seed);
    ScriptedWorld surroundings = world();
    surroundings.verdicts = {{.passed = false}};
    const Money budget = Money::nanos(static_cast<std::int64_t>(random.next() % 30'000'000));
    const FakePlanner planner;
    auto driver = std::make_unique<PureDriver>(surroundings, planner);
    driver->start(started_with(checked_task(), {.usd = budget}));
    std::vector<Event> events = driver->events();
    for (int life = 0; life < 5 && !driver->run()->outcome; ++life) {
      ScriptedWorld next_life = surroundings;
      for (int i = 0; i < 30; ++i) {
        ScriptedReply reply = calling("view", "{\"n\":" + std::to_string(random.next()) + "}");
        const auto tokens = static_cast<std::int64_t>(random.next() % 512);  // the least bound
        reply.usage = Usage{.prompt_tokens = 100 + tokens / 40, .completion_tokens = tokens};
        if (random.next() % 4 == 0) reply.usage.reset();
        if (random.next() % 5 == 0) reply.error = Error{ErrorCode::protocol, "broken"};
        next_life.replies.push_back(reply);
      }
      driver = std::make_unique<PureDriver>(next_life, planner);
      ASSERT_NO_FATAL_FAILURE(driver->resume(events));
      driver->drive(static_cast<int>(random.next() % 60));
      events = driver->events();
      ASSERT_LE(driver->run()->ledger.settled() + driver->run()->ledger.reserved(), budget) << seed;
      ASSERT_EQ(driver->run()->ledger.settled(), driver->run().receipt().total_cost());
    }
  }
}

}  // namespace
}  // namespace pareto
