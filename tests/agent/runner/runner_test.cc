#include "agent/runner/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "planners/agentic.h"
#include "planners/instant.h"
#include "tests/support/run_fakes.h"

namespace pareto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ToolSpec spec(const std::string& name, Replay replay) {
  ToolSpec made;
  made.name = name;
  made.parameters = std::make_shared<const Json>(Json{{"type", "object"}});
  made.replay = replay;
  return made;
}

Reply says(std::vector<ToolCall> calls, std::string text = "") {
  Reply reply;
  reply.message =
      Message{.role = Role::assistant, .text = std::move(text), .tool_calls = std::move(calls)};
  reply.usage = Usage{.prompt_tokens = 100, .completion_tokens = 10};
  reply.finish_reason = FinishReason::tool_calls;
  return reply;
}

ToolCall finish(const std::string& answer) {
  return {"f", "finish", Json{{"answer", answer}}.dump()};
}

// `Run` is also the name of a member of ::testing::Test.
using TheRun = Run;

class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() {
    toolbox_.tools = {spec("edit", Replay::once), spec("finish", Replay::idempotent),
                      spec("look", Replay::idempotent)};
  }

  Started started(const std::string& mode = "agentic") {
    Started made{.run = RunId::make(clock_.now(), random_),
                 .task = {.id = "t", .prompt = "Do it."},
                 .limits = {.usd = Money::nanos(1'000'000'000), .turns = 10},
                 .asked_mode = mode,
                 .origin = "test"};
    run_ = made.run;
    return made;
  }

  Runner& runner() {
    if (!runner_) {
      runner_ = std::make_unique<Runner>(RunnerPorts{.journal = journal_,
                                                     .toolbox = toolbox_,
                                                     .workbench = workbench_,
                                                     .router = router_,
                                                     .planners = {&agentic_, &instant_},
                                                     .models = {&model_},
                                                     .clock = clock_,
                                                     .random = random_});
    }
    return *runner_;
  }

  RunListener listener() {
    RunListener hears;
    hears.on_done = [this](const TheRun& run, Result<Outcome> outcome) {
      final_ = run;
      outcome_ = std::move(outcome);
    };
    hears.on_event = [this](const TheRun&, const Event& event) {
      shown_.push_back(name_of(event.payload));
      EXPECT_GE(journal_.events[run_].size(), static_cast<std::size_t>(event.seq))
          << "an event was shown before it was durable";
    };
    return hears;
  }

  // Runs to its end.
  Outcome run(Started begin) {
    runner().start(std::move(begin), {.listener = listener()});
    queue_.drain();
    EXPECT_TRUE(outcome_.has_value()) << "the run did not end";
    EXPECT_TRUE(outcome_ && outcome_->has_value()) << "the run was given up";
    return outcome_ && *outcome_ ? **outcome_ : Outcome{};
  }

  std::vector<std::string> types() {
    std::vector<std::string> names;
    for (const Event& event : journal_.events[run_]) names.emplace_back(name_of(event.payload));
    return names;
  }

  fakes::Queue queue_;
  fakes::Clock clock_;
  SeededRandom random_{7};
  fakes::FakeJournal journal_{queue_};
  fakes::FakeModel model_{queue_};
  fakes::FakeToolbox toolbox_{queue_};
  fakes::FakeWorkbench workbench_{queue_};
  fakes::FakeRouter router_;
  AgenticPlanner agentic_;
  InstantPlanner instant_;
  std::unique_ptr<Runner> runner_;
  RunId run_;
  std::vector<std::string> shown_;
  std::optional<TheRun> final_;
  std::optional<Result<Outcome>> outcome_;
};

TEST_F(RunnerTest, TakesATaskFromStartToFinish) {
  model_.replies = {says({{"a", "look", "{}"}}), says({finish("42")})};
  const Outcome outcome = run(started());
  EXPECT_EQ(outcome.status, Status::success);
  EXPECT_EQ(outcome.answer, "42");
  EXPECT_EQ(outcome.diff, "the diff");
  EXPECT_EQ(outcome.receipt.total_cost(), Money::nanos(2 * (100 * 1000 + 10 * 2000)));
  EXPECT_THAT(types(), ElementsAre("started", "recalled", "routed", "planned", "call_begun",
                                   "call_ended", "step_begun", "step_ended", "call_begun",
                                   "call_ended", "step_begun", "step_ended", "finished"));
  EXPECT_EQ(shown_, types());
}

TEST_F(RunnerTest, TheFoldOfTheJournalIsTheRun) {
  model_.replies = {says({{"a", "look", "{}"}}), says({finish("42")})};
  run(started());
  const auto replayed = TheRun::replay(journal_.events[run_]);
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(*replayed, *final_);
}

TEST_F(RunnerTest, ACallIsDurableBeforeItIsMadeAndAStepBeforeItsEffect) {
  model_.on_start = [this] { EXPECT_EQ(types().back(), "call_begun"); };
  toolbox_.on_invoke = [this](const ToolCall&) { EXPECT_EQ(types().back(), "step_begun"); };
  model_.replies = {says({{"a", "edit", "{}"}}), says({finish("done")})};
  run(started());
}

TEST_F(RunnerTest, AResultIsDurableBeforeTheNextCallOfTheStepHasEffects) {
  std::vector<std::string> before;
  toolbox_.on_invoke = [&](const ToolCall&) { before.push_back(types().back()); };
  model_.replies = {says({{"a", "edit", "{}"}, {"b", "edit", "{}"}}), says({finish("done")})};
  run(started());
  EXPECT_THAT(before, ElementsAre("step_begun", "step_ended", "step_begun"));
}

TEST_F(RunnerTest, RequestsOfARunShareTheirPrefix) {
  model_.replies = {says({{"a", "look", "{}"}}), says({{"b", "look", "{}"}}), says({finish("x")})};
  run(started());
  ASSERT_EQ(model_.requests.size(), 3U);
  for (std::size_t i = 1; i < model_.requests.size(); ++i) {
    const auto& earlier = model_.requests[i - 1];
    ASSERT_LT(earlier.size(), model_.requests[i].size());
    EXPECT_TRUE(std::equal(earlier.begin(), earlier.end(), model_.requests[i].begin()));
  }
}

TEST_F(RunnerTest, ACrashWithinAStepIsReportedOnceAndTheStepIsNotRunAgain) {
  toolbox_.hanging = {"edit"};
  model_.replies = {says({{"a", "edit", "{}"}})};
  runner().start(started(), {.listener = listener()});
  queue_.drain();
  const std::vector<Event> durable = journal_.events[run_];
  ASSERT_STREQ(name_of(durable.back().payload), "step_begun");
  runner_.reset();

  toolbox_.called.clear();
  model_.replies = {says({finish("after the crash")})};
  ASSERT_TRUE(runner().resume(durable, "test", {.listener = listener()}));
  queue_.drain();
  ASSERT_TRUE(outcome_ && *outcome_);
  EXPECT_EQ((*outcome_)->answer, "after the crash");
  ASSERT_EQ(toolbox_.called.size(), 1U);
  EXPECT_EQ(toolbox_.called[0].name, "finish");
  int interrupted = 0;
  for (const Message& message : model_.requests.back()) {
    if (message.role == Role::tool) {
      EXPECT_THAT(message.text, HasSubstr("stopped while this call was running"));
      ++interrupted;
    }
  }
  EXPECT_EQ(interrupted, 1);
}

TEST_F(RunnerTest, AnIdempotentStepIsRunAgainAfterACrash) {
  toolbox_.hanging = {"look"};
  model_.replies = {says({{"a", "look", "{}"}})};
  runner().start(started(), {.listener = listener()});
  queue_.drain();
  const std::vector<Event> durable = journal_.events[run_];
  runner_.reset();

  toolbox_.hanging.clear();
  toolbox_.called.clear();
  model_.replies = {says({finish("seen")})};
  ASSERT_TRUE(runner().resume(durable, "test", {.listener = listener()}));
  queue_.drain();
  ASSERT_EQ(toolbox_.called.size(), 2U);
  EXPECT_EQ(toolbox_.called[0].name, "look");
  EXPECT_EQ(model_.requests.back().back().text, "did look");
}

TEST_F(RunnerTest, ACallThatWasLostIsChargedAtItsReservationAndMadeOnceMore) {
  model_.replies = {std::nullopt};
  runner().start(started(), {.listener = listener()});
  queue_.drain();
  const std::vector<Event> durable = journal_.events[run_];
  const auto& begun = std::get<CallBegun>(durable.back().payload);
  runner_.reset();

  model_.replies = {says({finish("paid")})};
  ASSERT_TRUE(runner().resume(durable, "test", {.listener = listener()}));
  queue_.drain();
  ASSERT_TRUE(outcome_ && *outcome_);
  const Receipt& receipt = (*outcome_)->receipt;
  EXPECT_EQ(receipt.total_cost(), begun.reserved + Money::nanos(100 * 1000 + 10 * 2000));
  EXPECT_TRUE(receipt.cost_estimated);
  EXPECT_EQ(receipt.model_calls, 2);
  EXPECT_EQ(receipt.turns, 1);
}

TEST_F(RunnerTest, CancelStopsTheCallAndWrapsUp) {
  model_.replies = {says({{"a", "look", "{}"}}), std::nullopt, says({finish("so far")})};
  runner().start(started(), {.listener = listener()});
  queue_.drain();
  ASSERT_FALSE(outcome_);
  model_.replies.pop_front();
  EXPECT_TRUE(runner().cancel(run_, "a person"));
  EXPECT_TRUE(model_.cancelled);
  queue_.drain();
  ASSERT_TRUE(outcome_ && *outcome_);
  EXPECT_EQ((*outcome_)->status, Status::cancelled);
  EXPECT_EQ((*outcome_)->answer, "so far");
  EXPECT_EQ(model_.only_tools.back(), "finish");
}

TEST_F(RunnerTest, CancelStopsAToolAndItsCallStillHasOneResult) {
  toolbox_.hanging = {"edit"};
  model_.replies = {says({{"a", "edit", "{}"}}), says({finish("so far")})};
  runner().start(started(), {.listener = listener()});
  queue_.drain();
  EXPECT_TRUE(runner().cancel(run_, "a person"));
  EXPECT_TRUE(toolbox_.cancelled);
  queue_.drain();
  ASSERT_TRUE(outcome_ && *outcome_);
  EXPECT_EQ((*outcome_)->status, Status::cancelled);
  EXPECT_EQ(std::ranges::count(types(), "step_ended"), 2);
}

TEST_F(RunnerTest, ACancelAtAnyMomentStopsWhatIsUnderWayOrWouldBegin) {
  toolbox_.hanging = {"edit"};
  bool more = true;
  for (int moment = 0; more; ++moment) {
    model_.replies = {says({{"a", "edit", "{}"}}), says({finish("so far")})};
    outcome_.reset();
    runner().start(started(), {.listener = listener()});
    for (int i = 0; i < moment && more; ++i) more = queue_.step();
    runner().cancel(run_, "a person");
    queue_.drain();
    ASSERT_TRUE(outcome_ && *outcome_) << "moment " << moment;
    EXPECT_EQ((*outcome_)->status, Status::cancelled) << "moment " << moment;
    const auto replayed = TheRun::replay(journal_.events[run_]);
    ASSERT_TRUE(replayed) << replayed.error().message;
    EXPECT_EQ(*replayed, *final_);
  }
}

TEST_F(RunnerTest, ACancelWhileTheEndIsStoredChangesNothing) {
  model_.replies = {says({finish("42")})};
  RunListener hears = listener();
  hears.on_event = [this](const TheRun&, const Event& event) {
    if (std::holds_alternative<Finished>(event.payload)) runner().cancel(run_, "a person");
  };
  runner().start(started(), {.listener = std::move(hears)});
  queue_.drain();
  ASSERT_TRUE(outcome_ && *outcome_) << "the run was given up";
  EXPECT_EQ((*outcome_)->answer, "42");
}

TEST_F(RunnerTest, AnAbandonedRunCallsNobodyAndCanBeResumed) {
  model_.replies = {says({{"a", "look", "{}"}}), says({finish("x")})};
  runner().start(started(), {.listener = listener()});
  runner().abandon(run_);
  queue_.drain();
  EXPECT_FALSE(outcome_);
  EXPECT_EQ(runner().active(), 0U);
  ASSERT_TRUE(runner().resume(journal_.events[run_], "test", {.listener = listener()}));
  queue_.drain();
  ASSERT_TRUE(outcome_ && *outcome_);
  EXPECT_EQ((*outcome_)->answer, "x");
}

TEST_F(RunnerTest, AWorkspaceThatWasChangedFromOutsideIsRefused) {
  runner().start(started(), {.listener = listener()});
  queue_.drain();  // up to the call that never ends
  runner().abandon(run_);
  const std::vector<Event> durable = journal_.events[run_];
  workbench_.changed = {"a.py", "b/", "c", "d"};
  ASSERT_TRUE(runner().resume(durable, "test", {.listener = listener()}));
  queue_.drain();
  ASSERT_TRUE(outcome_ && !outcome_->has_value());
  EXPECT_EQ(outcome_->error().code, ErrorCode::invalid);
  EXPECT_THAT(outcome_->error().message, HasSubstr("a.py, b/, c and 1 more"));
  EXPECT_THAT(outcome_->error().message, HasSubstr("--force"));
  EXPECT_EQ(workbench_.asked_since, durable.back().at);
  EXPECT_EQ(journal_.events[run_], durable) << "nothing has happened";
  EXPECT_EQ(workbench_.opened, 1);

  model_.replies.emplace_back(says({finish("42")}));
  ASSERT_TRUE(runner().resume(
      durable, "test", {.outside_changes = OutsideChanges::accepted, .listener = listener()}));
  queue_.drain();
  EXPECT_EQ((*outcome_)->answer, "42");
}

TEST_F(RunnerTest, WhatACutOffStepDidToTheWorkspaceIsNoChangeFromOutside) {
  model_.replies.emplace_back(says({{"e", "edit", "{}"}}));
  toolbox_.hanging = {"edit"};
  runner().start(started(), {.listener = listener()});
  queue_.drain();
  runner().abandon(run_);
  workbench_.changed = {"a.py"};
  model_.replies.emplace_back(says({finish("42")}));
  ASSERT_TRUE(runner().resume(journal_.events[run_], "test", {.listener = listener()}));
  queue_.drain();
  ASSERT_TRUE(outcome_ && outcome_->has_value());
  EXPECT_EQ((*outcome_)->answer, "42");
}

TEST_F(RunnerTest, ATasksToolsBindItsModelAndNotItsPlanner) {
  using Others = Toolbox::Call::Others;
  const auto others = [this](Started begin) {
    model_.replies.emplace_back(says({{"r", "run", "{}"}}));
    model_.replies.emplace_back(says({finish("42")}));
    run(std::move(begin));
    EXPECT_EQ(toolbox_.last->offered, (std::vector<std::string>{"edit", "finish", "look"}));
    return toolbox_.last->others;
  };
  EXPECT_EQ(others(started()), Others::workspace);
  Started named = started();
  named.task.tools = {"edit", "look"};
  EXPECT_EQ(others(std::move(named)), Others::none);

  Started instant = started("instant");
  instant.task.prompt = "Write a.py.";
  instant.task.tools = {"look"};
  instant.task.verify = CheckCommand{"test -f a.py", Milliseconds(77'000)};
  model_.replies.emplace_back(says({}, "```python\nprint(1)\n```"));
  EXPECT_EQ(run(std::move(instant)).status, Status::success);
  EXPECT_EQ(toolbox_.last->call.name, "write");
  EXPECT_EQ(toolbox_.last->others, Others::workspace);
  EXPECT_EQ(toolbox_.last->check, (CheckCommand{"test -f a.py", Milliseconds(77'000)}));
}

TEST_F(RunnerTest, ResultsLeaveRoomForTheWrapUp) {
  Started begin = started();
  begin.limits.usd = Money::nanos(12'000'000);
  model_.info_.max_output_tokens = 512;
  model_.replies.emplace_back(says({{"l", "look", "{}"}}));
  model_.replies.emplace_back(says({finish("42")}));
  std::size_t room = 0;
  toolbox_.on_invoke = [&](const ToolCall& call) {
    if (call.name == "look") room = toolbox_.last->max_text;
  };
  run(std::move(begin));
  EXPECT_GT(room, 1'000U);
  EXPECT_LT(room, 12'000U) << "a token of the prompt costs 1e-6 USD";
}

TEST_F(RunnerTest, TheEndSaysHowLongEachConcernTook) {
  model_.replies.emplace_back(says({finish("42")}));
  const std::vector<Concern> concerns{
      {"first", [](const TheRun&, Action draft, Instant) { return draft; }}};
  Runner timed({.journal = journal_,
                .toolbox = toolbox_,
                .workbench = workbench_,
                .router = router_,
                .planners = {&agentic_},
                .concerns = concerns,
                .models = {&model_},
                .clock = clock_,
                .random = random_});
  timed.start(started(), {.listener = listener()});
  queue_.drain();
  const auto times = std::get<Finished>(journal_.events[run_].back().payload).concerns;
  ASSERT_EQ(times.size(), 2U);
  EXPECT_EQ(times[0].name, "budget_guard");
  EXPECT_EQ(times[1].name, "first");
  // The call, its step, the end.
  EXPECT_EQ(times[0].reviews, 3);
  EXPECT_EQ(times[1].reviews, 3);
  EXPECT_GE(times[1].nanoseconds, 0);
}

TEST_F(RunnerTest, AFullDiskEndsTheRunWithAnErrorAndWithoutTheCall) {
  journal_.fail_at = 2;
  model_.replies = {says({finish("x")})};
  runner().start(started(), {.listener = listener()});
  queue_.drain();
  ASSERT_TRUE(outcome_);
  ASSERT_FALSE(*outcome_);
  EXPECT_EQ(outcome_->error().message, "the disk is full");
  EXPECT_TRUE(model_.requests.empty());
}

TEST_F(RunnerTest, AFailingVerifierIsNotTheAgentsFault) {
  workbench_.verdicts = {fail(ErrorCode::unavailable, "bubblewrap is gone")};
  model_.replies = {says({{"a", "edit", "{}"}}), says({finish("x")})};
  Started begin = started();
  begin.task.verify = CheckCommand{.command = "true"};
  const Outcome outcome = run(begin);
  EXPECT_EQ(outcome.status, Status::error);
  EXPECT_EQ(outcome.reason, Reason::sandbox);
  EXPECT_EQ(outcome.error, "bubblewrap is gone");
}

TEST_F(RunnerTest, AVerifiedAnswerIsASuccess) {
  model_.replies = {says({{"a", "edit", "{}"}}), says({finish("fixed")})};
  Started begin = started();
  begin.task.verify = CheckCommand{.command = "true"};
  const Outcome outcome = run(begin);
  EXPECT_EQ(outcome.status, Status::success);
  EXPECT_EQ(outcome.reason, Reason::verified);
}

TEST_F(RunnerTest, ARefusedRouteSpendsNothing) {
  router_.error = Error{ErrorCode::limit, "one call costs more than the budget"};
  const Outcome outcome = run(started());
  EXPECT_EQ(outcome.status, Status::limit);
  EXPECT_EQ(outcome.reason, Reason::refused_budget);
  EXPECT_EQ(outcome.receipt.total_cost(), Money());
  EXPECT_TRUE(model_.requests.empty());
}

TEST_F(RunnerTest, ABudgetTooSmallForOneCallIsRefusedBeforeSpending) {
  Started begin = started();
  begin.limits.usd = Money::nanos(1000);
  const Outcome outcome = run(begin);
  EXPECT_EQ(outcome.status, Status::limit);
  EXPECT_EQ(outcome.reason, Reason::refused_budget);
  EXPECT_TRUE(model_.requests.empty());
}

TEST_F(RunnerTest, AnUnreachableModelIsAnErrorAndNothingIsOwed) {
  Reply dead;
  dead.error = Error{ErrorCode::unavailable, "connection refused"};
  dead.sent = false;
  model_.replies = {dead};
  const Outcome outcome = run(started());
  EXPECT_EQ(outcome.status, Status::error);
  EXPECT_EQ(outcome.reason, Reason::model);
  EXPECT_EQ(outcome.error, "connection refused");
  EXPECT_EQ(outcome.receipt.total_cost(), Money());
}

TEST_F(RunnerTest, TwoHundredRunsAtATimeEndEachWithItsOwnAnswer) {
  int ended = 0;
  for (int i = 0; i < 200; ++i) model_.replies.push_back(says({finish("same")}));
  for (int i = 0; i < 200; ++i) {
    StartOptions options;
    options.listener.on_done = [&ended](const TheRun&, Result<Outcome> outcome) {
      ASSERT_TRUE(outcome);
      EXPECT_EQ(outcome->answer, "same");
      ++ended;
    };
    runner().start(started(), std::move(options));
  }
  EXPECT_EQ(runner().active(), 200U);
  queue_.drain();
  EXPECT_EQ(ended, 200);
  EXPECT_EQ(runner().active(), 0U);
}

}  // namespace
}  // namespace pareto
