#include "agent/core/run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "agent/core/random.h"
#include "tests/agent/core/core_fixtures.h"

namespace pareto {
namespace {

using testing::PureDriver;
using testing::started_with;

// A run that has been planned, with what happens to it next.
struct Story {
  Run run;
  std::vector<Event> events;

  explicit Story(Limits limits = {.usd = usd("1")}) {
    tell(started_with(some_task(), limits));
    tell(Recalled{});
    tell(Routed{{.mode = Mode::agentic, .model = "local"}, priced_model()});
    tell(Planned{{{.role = Role::user, .text = "Do it."}}, {"edit", "view"}});
  }
  // A call gets the hash of what is sent, unless it has one.
  Result<void> attempt(Payload payload, Milliseconds later = Milliseconds(10)) {
    if (auto* begun = std::get_if<CallBegun>(&payload); begun && begun->history_hash == 0) {
      begun->history_hash = run->history.hash();
      for (const Message& message : begun->appended) {
        begun->history_hash = chain_hash(begun->history_hash, message);
      }
    }
    const Instant at = events.empty() ? instant_from_ms(1'000) : events.back().at + later;
    Event event{run->seq + 1, at, std::move(payload)};
    auto applied = run.apply(event);
    if (applied) events.push_back(std::move(event));
    return applied;
  }
  void tell(Payload payload, Milliseconds later = Milliseconds(10)) {
    const auto applied = attempt(std::move(payload), later);
    ASSERT_TRUE(applied) << applied.error().message;
  }
  void call(const char* id = "c1") {
    tell(CallBegun{.call = CallId{id}, .model = "local", .reserved = usd("0.01")});
  }
  void reply(std::vector<ToolCall> calls, const char* id = "c1") {
    tell(CallEnded{.call = CallId{id},
                   .settled = usd("0.001"),
                   .usage = Usage{.prompt_tokens = 100, .completion_tokens = 5},
                   .message = Message{.role = Role::assistant, .tool_calls = std::move(calls)}});
  }
};

std::string refusal(Story& story, Payload payload) {
  const Run before = story.run;
  const auto applied = story.attempt(std::move(payload));
  EXPECT_EQ(story.run, before) << "a refused event changed the run";
  return applied ? "accepted" : applied.error().message;
}

TEST(RunFoldTest, RefusesEventsOutOfSequence) {
  Story story;
  const pareto::Run before = story.run;
  for (const std::int64_t seq : {0, 1, 4, 6}) {
    EXPECT_FALSE(story.run.apply({seq, instant_from_ms(1), Resumed{}})) << seq;
  }
  EXPECT_EQ(story.run, before);
  EXPECT_TRUE(refusal(story, started_with(some_task())).contains("once"));
  pareto::Run fresh;
  EXPECT_FALSE(fresh.apply({1, instant_from_ms(1), Resumed{}}));
}

TEST(RunFoldTest, RefusesWhatContradictsIt) {
  Story story;
  EXPECT_TRUE(refusal(story, CallEnded{.call = CallId{"c1"}}).contains("no such call"));
  EXPECT_TRUE(refusal(story, StepEnded{{.call_id = "x"}}).contains("no such tool call"));
  EXPECT_TRUE(refusal(story, CallBegun{.reserved = usd("-1")}).contains("negative"));
  EXPECT_TRUE(refusal(story, StepBegun{{{"x", "view", "{}"}}}).contains("not the ones that wait"));
  EXPECT_TRUE(refusal(story, StepBegun{{}, true}).contains("without calls"));
  EXPECT_TRUE(refusal(story, Compacted{0, 2}).contains("no such part"));
  EXPECT_TRUE(refusal(story, Compacted{1, 1}).contains("no such part"));
  story.call();
  EXPECT_TRUE(refusal(story, CallBegun{.call = CallId{"c2"}}).contains("under way"));
  EXPECT_TRUE(refusal(story, CallEnded{.call = CallId{"c2"}}).contains("no such call"));
  EXPECT_TRUE(refusal(story, Compacted{0, 1}).contains("in use"));
}

TEST(RunFoldTest, NothingMayComeBetweenACallAndItsResults) {
  Story story;
  story.call();
  story.reply({{"a", "view", "{}"}, {"b", "edit", "{}"}});
  EXPECT_TRUE(refusal(story, CallBegun{.call = CallId{"c2"}}).contains("wait for their results"));
  EXPECT_TRUE(refusal(story, Nudged{"loop", "Stop."}).contains("wait for their results"));
  EXPECT_TRUE(refusal(story, Compacted{0, 1}).contains("in use"));
  // A step with a part of the calls would leave the other without a result.
  EXPECT_TRUE(refusal(story, StepBegun{{{"a", "view", "{}"}}}).contains("not the ones"));
  EXPECT_TRUE(refusal(story, StepBegun{{{"w", "write", "{}"}}, true}).contains("not the ones"));
  story.tell(StepBegun{{{"a", "view", "{}"}, {"b", "edit", "{}"}}});
  EXPECT_TRUE(refusal(story, StepBegun{story.run->asked}).contains("under way"));
  story.tell(StepEnded{{.call_id = "b", .text = "two"}});
  EXPECT_TRUE(refusal(story, StepEnded{{.call_id = "b"}}).contains("no such tool call"));
  story.tell(StepEnded{{.call_id = "a", .text = "one"}});
  EXPECT_TRUE(every_call_has_one_result(story.run));
  EXPECT_FALSE(story.run.busy());
}

TEST(RunFoldTest, NoticesAHistoryThatIsNotTheOneThatWasSent) {
  Story story;
  EXPECT_TRUE(refusal(story, CallBegun{.call = CallId{"c1"}, .history_hash = 12345})
                  .contains("the history was changed"));
  story.call();
  story.reply({});
  // The journal's copy of a message was tampered with, or lost.
  std::vector<Event> events = story.events;
  std::get<Planned>(events[3].payload).messages[0].text = "Do something else.";
  EXPECT_FALSE(pareto::Run::replay(events));
}

TEST(RunFoldTest, AFinishedRunStaysAsItIs) {
  Story story;
  story.tell(Finished{{.status = Status::success, .answer = "42"}});
  EXPECT_TRUE(refusal(story, Resumed{}).contains("finished"));
  EXPECT_TRUE(refusal(story, CallBegun{.call = CallId{"c"}}).contains("finished"));
}

TEST(RunFoldTest, CountsMoneyAndTokensByRole) {
  Story story;
  story.call();
  EXPECT_EQ(story.run->ledger.reserved(), usd("0.01"));
  EXPECT_EQ(story.run->ledger.available(), usd("0.99"));
  story.reply({});
  story.tell(CallBegun{.call = CallId{"c2"}, .role = Spender::judge, .reserved = usd("0.02")});
  story.tell(CallEnded{.call = CallId{"c2"},
                       .settled = usd("0.02"),
                       .estimated = true,
                       .error = Error{ErrorCode::unavailable, "cut"}});
  const Receipt receipt = story.run.receipt();
  EXPECT_EQ(receipt.cost[static_cast<std::size_t>(Spender::agent)], usd("0.001"));
  EXPECT_EQ(receipt.cost[static_cast<std::size_t>(Spender::judge)], usd("0.02"));
  EXPECT_EQ(receipt.total_cost(), story.run->ledger.settled());
  EXPECT_EQ(receipt.total_usage(), (Usage{.prompt_tokens = 100, .completion_tokens = 5}));
  EXPECT_TRUE(receipt.cost_estimated);
  EXPECT_TRUE(receipt.cost_known);
  EXPECT_EQ(receipt.turns, 1);
  EXPECT_EQ(receipt.model_calls, 2);
}

TEST(RunFoldTest, AnUnknownPriceIsUnknownAndNotZero) {
  Story story;
  story.tell(CallBegun{.call = CallId{"c1"}, .model = "free?", .priced = false});
  story.reply({});
  EXPECT_FALSE(story.run.receipt().cost_known);
}

TEST(RunFoldTest, AWrapUpCallIsNoTurn) {
  Story story;
  story.tell(LimitReached{Reason::turns, "turn_limit", ""});
  story.tell(CallBegun{.call = CallId{"c1"}, .reserved = usd("0.01"), .wrap_up = true});
  story.reply({{"f", "finish", R"({"answer":"a"})"}});
  EXPECT_EQ(story.run->receipt.turns, 0);
  EXPECT_TRUE(story.run->wrapped_up);
}

TEST(RunFoldTest, ABoundOfThePromptHoldsWithoutReportedTokens) {
  Story story;
  const std::int64_t before = story.run->bytes_since_prompt;
  EXPECT_EQ(before, story.run->history.bytes());
  story.call();
  // The provider reports the reply alone.
  story.tell(CallEnded{.call = CallId{"c1"},
                       .usage = Usage{.completion_tokens = 5},
                       .message = Message{.role = Role::assistant, .text = "hello"}});
  EXPECT_EQ(story.run->prompt_tokens, 0);
  EXPECT_EQ(story.run->bytes_since_prompt, story.run->history.bytes());
}

TEST(RunFoldTest, OnlyWhatCameAfterTheReportedPromptCountsInBytes) {
  Story story;
  story.call();
  story.reply({{"a", "view", "{}"}});
  EXPECT_EQ(story.run->prompt_tokens, 100);
  EXPECT_EQ(story.run->bytes_since_prompt, size_of(story.run->history.back()));
  story.tell(StepBegun{story.run->asked});
  story.tell(StepEnded{{.call_id = "a", .text = std::string(500, 'x')}});
  EXPECT_GE(story.run->bytes_since_prompt, 500);
  story.tell(Compacted{1, 3, {.role = Role::user, .text = "short"}});
  EXPECT_EQ(story.run->prompt_tokens, 0);
  EXPECT_EQ(story.run->bytes_since_prompt, story.run->history.bytes());
}

TEST(RunFoldTest, AnApprovalDoesNotReachALaterCallWithTheSameId) {
  Story story;
  story.call("c1");
  story.reply({{"a", "fetch", R"({"url":"good"})"}}, "c1");
  story.tell(ApprovalAsked{{"a"}, "Allow?"});
  EXPECT_TRUE(story.run.busy());
  story.tell(ApprovalGiven{{"a"}, true, "person"});
  EXPECT_EQ(story.run->approved, (std::vector<std::string>{"a"}));
  story.tell(StepBegun{story.run->asked});
  story.tell(StepEnded{{.call_id = "a"}});
  story.call("c2");
  story.reply({{"a", "fetch", R"({"url":"evil"})"}}, "c2");
  EXPECT_TRUE(story.run->approved.empty());
}

TEST(RunFoldTest, KeepsFilesInvalidCallsAndTheRevision) {
  Story story;
  story.call();
  story.reply({{"a", "view", "{}"}, {"b", "edit", "{}"}, {"c", "bogus", "{}"}});
  story.tell(StepBegun{story.run->asked});
  story.tell(StepEnded{{.call_id = "a", .paths = {"x.py"}}});
  EXPECT_EQ(story.run->revision, 0);
  story.tell(StepEnded{{.call_id = "b", .changed_workspace = true, .paths = {"x.py", "y.py"}}});
  EXPECT_EQ(story.run->revision, 1);
  story.tell(StepEnded{{.call_id = "c", .status = ResultStatus::invalid_call}});
  EXPECT_EQ(story.run->invalid_calls, 1);
  EXPECT_EQ(story.run->files,
            (std::map<std::string, FileUse>{{"x.py", {true, true}}, {"y.py", {false, true}}}));
}

TEST(RunFoldTest, TheAnswerIsTheLastFinishAndNoOther) {
  Story story;
  const auto finish = [&story](const char* call, const char* arguments, ResultStatus status) {
    story.call(call);
    story.reply({{"f", "finish", arguments}}, call);
    story.tell(StepBegun{story.run->asked});
    story.tell(StepEnded{{.call_id = "f", .status = status}});
  };
  finish("c1", R"({"answer":"42"})", ResultStatus::invalid_call);
  EXPECT_EQ(story.run->answer, std::nullopt);
  finish("c2", R"({"answer":"42"})", ResultStatus::ok);
  EXPECT_EQ(story.run->answer, "42");
  finish("c3", R"({"answer":)", ResultStatus::ok);
  EXPECT_EQ(story.run->answer, "");
  story.call("c4");
  story.reply({}, "c4");
  EXPECT_EQ(story.run->answer, std::nullopt) << "the work went on after it";
}

TEST(RunFoldTest, TimeBetweenACrashAndAResumeIsNoWork) {
  Story story;
  const Milliseconds before = story.run->worked;
  story.tell(Resumed{"other"}, Milliseconds(3'600'000));
  EXPECT_EQ(story.run->worked, before);
  story.tell(VerifyBegun{}, Milliseconds(500));
  EXPECT_EQ(story.run->worked, before + Milliseconds(500));
  EXPECT_EQ(story.run.worked(story.run->last_at + Milliseconds(70)), before + Milliseconds(570));
  // A clock that was set back.
  EXPECT_EQ(story.run.worked(story.run->last_at - Milliseconds(70)), before + Milliseconds(500));
}

TEST(RunFoldTest, TheRouteOnlyTightensTheLimits) {
  Story story({.usd = usd("1"), .turns = 5});
  EXPECT_EQ(story.run->limits, (Limits{.usd = usd("1"), .turns = 5}));
  pareto::Run run;
  ASSERT_TRUE(run.apply({1, instant_from_ms(1), started_with(some_task(), {.turns = 5})}));
  ASSERT_TRUE(run.apply({2, instant_from_ms(1), Routed{{.limits = {.turns = 9}}, {}}}));
  EXPECT_EQ(run->limits.turns, 5);
}

TEST(RunFoldTest, TheLedgerKeepsTheTighterBudgetOfTheRoute) {
  for (const auto& [start, route, least] :
       {std::tuple{"1", "0.25", "0.25"}, {"0.25", "1", "0.25"}}) {
    pareto::Run run;
    ASSERT_TRUE(run.apply({1, instant_from_ms(1), started_with(some_task(), {.usd = usd(start)})}));
    ASSERT_TRUE(run.apply({2, instant_from_ms(1), Routed{{.limits = {.usd = usd(route)}}, {}}}));
    EXPECT_EQ(run->limits.usd, usd(least));
    EXPECT_EQ(run->ledger.available(), usd(least));
  }
}

TEST(RunFoldTest, AReplyOfSoManyTokensIsReadAsSoMany) {
  Story story;
  const std::string text(800, 't');
  const auto told = [&story, &text](std::int64_t tokens, const char* id) {
    story.call(id);
    story.tell(CallEnded{.call = CallId{id},
                         .usage = Usage{.prompt_tokens = 100, .completion_tokens = tokens},
                         .message = Message{.role = Role::assistant, .text = text}});
    return story.run->bytes_since_prompt - story.run->reply_excess;
  };
  EXPECT_EQ(told(200, "c1"), 200 + frame_bytes(0));
  EXPECT_EQ(told(5'000, "c2"), size_of(story.run->history.back())) << "never more than its bytes";
  EXPECT_EQ(told(3, "c3"), size_of(story.run->history.back())) << "a count that can't be true";
}

TEST(RunFoldTest, ACompactedPromptIsBoundedByTheOneBefore) {
  Story story;
  story.tell(CallBegun{.call = CallId{"c1"},
                       .appended = {{.role = Role::user, .text = std::string(9'000, 'u')}}});
  story.reply({});
  story.tell(Nudged{"loop", "Try something else."});
  const std::int64_t before =
      story.run->prompt_tokens + story.run->bytes_since_prompt - story.run->reply_excess;
  const Message summary{.role = Role::user, .text = "What was done."};
  story.tell(Compacted{2, 3, summary});
  EXPECT_EQ(story.run->prompt_ceiling, before + size_of(summary));
  EXPECT_GT(story.run->bytes_since_prompt, *story.run->prompt_ceiling);
  const Message note{.role = Role::user, .text = "Go on."};
  story.tell(Nudged{"loop", note.text});
  EXPECT_EQ(story.run->prompt_ceiling, before + size_of(summary) + size_of(note));
  story.call("c2");
  story.reply({}, "c2");
  EXPECT_EQ(story.run->prompt_ceiling, std::nullopt) << "the prompt was counted again";
}

TEST(RunFoldTest, ItsOwnWorkMayChangeTheWorkspaceOnlyInStepsAndChecks) {
  Story story;
  EXPECT_FALSE(leaves_workspace_alone(pareto::Run()));
  EXPECT_TRUE(leaves_workspace_alone(story.run));
  story.call();
  EXPECT_TRUE(leaves_workspace_alone(story.run));
  story.reply({{"a", "view", "{}"}});
  EXPECT_TRUE(leaves_workspace_alone(story.run));
  story.tell(StepBegun{story.run->asked});
  EXPECT_FALSE(leaves_workspace_alone(story.run));
  story.tell(StepEnded{{.call_id = "a", .text = "x"}});
  EXPECT_TRUE(leaves_workspace_alone(story.run));
  story.tell(VerifyBegun{});
  EXPECT_FALSE(leaves_workspace_alone(story.run));
  story.tell(Verified{{.passed = false}});
  EXPECT_TRUE(leaves_workspace_alone(story.run));
  story.tell(CancelRequested{"test"});
  EXPECT_FALSE(leaves_workspace_alone(story.run))
      << "a command that is being killed may still write";
}

TEST(RunFoldTest, AQuestionOpenAtACrashIsAskedAgain) {
  Story story;
  story.call();
  story.reply({{"a", "fetch", "{}"}});
  story.tell(ApprovalAsked{{"a"}, "Allow?"});
  story.tell(Resumed{"other"});
  EXPECT_FALSE(story.run.busy());
  EXPECT_TRUE(story.run->approved.empty());
}

TEST(CloseInterruptedTest, ALostCallIsChargedInFullAndMadeAgain) {
  Story story;
  story.call();
  const auto closing = close_interrupted(story.run, {});
  ASSERT_EQ(closing.size(), 1U);
  story.tell(Resumed{"other"});
  story.tell(closing[0]);
  EXPECT_EQ(story.run->ledger.settled(), usd("0.01"));
  EXPECT_EQ(story.run->ledger.reserved(), Money());
  EXPECT_TRUE(story.run.receipt().cost_estimated);
  EXPECT_EQ(story.run->failed_calls, 0);
  EXPECT_FALSE(story.run.busy());
}

TEST(CloseInterruptedTest, ABegunStepIsReportedUnlessItMayRunAgain) {
  Story story;
  story.call();
  story.reply({{"a", "view", "{}"}, {"b", "run", "{}"}, {"c", "run", "{}"}});
  story.tell(StepBegun{story.run->asked});
  story.tell(StepEnded{{.call_id = "b", .text = "done"}});
  const std::vector<std::string> idempotent{"view"};
  const auto closing = close_interrupted(story.run, idempotent);
  story.tell(Resumed{"other"});
  for (const Payload& payload : closing) story.tell(payload);
  EXPECT_EQ(story.run->asked, (std::vector<ToolCall>{{"a", "view", "{}"}}));
  EXPECT_TRUE(story.run.busy());
  EXPECT_EQ(story.run->revision, 1) << "an interrupted call may have changed anything";
  EXPECT_EQ(story.run->history.back().tool_call_id, "c");
  story.tell(StepEnded{{.call_id = "a"}});
  EXPECT_TRUE(every_call_has_one_result(story.run));
}

TEST(CloseInterruptedTest, CallsThatWereNotBegunAreNotTouched) {
  Story story;
  story.call();
  story.reply({{"a", "run", "{}"}});
  EXPECT_TRUE(close_interrupted(story.run, {}).empty());
}

TEST(RunFoldTest, TheFoldOfTheJournalGivesTheRunBack) {
  testing::ScriptedWorld surroundings = world();
  surroundings.replies = {calling("view"), calling("edit"), {.text = "hm"}, finishing("42")};
  const FakePlanner planner;
  PureDriver driver(surroundings, planner);
  driver.start(started_with(some_task(), {.usd = usd("1")}));
  driver.on_action = [&driver](const pareto::Run& run, const Action&) {
    std::vector<Event> stored;
    for (const Event& event : driver.events()) {
      stored.push_back(*event_from_line(to_line(event)));
    }
    EXPECT_EQ(*pareto::Run::replay(stored), run);
  };
  ASSERT_TRUE(driver.drive());
}

// Throws every kind of event at a run in every state. What it refuses must leave it unchanged, and
// what it accepts must keep the history and the money valid.
TEST(RunFoldTest, NoOrderOfEventsBreaksIt) {
  int accepted = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SeededRandom random(seed);
    Story story({.usd = usd("0.05")});
    for (int i = 0; i < 60; ++i) {
      const std::string id(1, static_cast<char>('a' + random.next() % 3));
      const auto size = static_cast<std::int64_t>(story.run->history.size());
      const std::vector<Payload> any{
          CallBegun{.call = CallId{id}, .reserved = Money::nanos(1'000'000)},
          CallEnded{.call = CallId{id},
                    .settled = Money::nanos(500'000),
                    .message = Message{.role = Role::assistant,
                                       .tool_calls = {{"a", "view", "{}"}, {"b", "run", "{}"}}}},
          CallEnded{.call = CallId{id}, .error = Error{ErrorCode::unavailable, "down"}},
          StepBegun{story.run->asked},
          StepBegun{{{"w", "write", "{}"}}, true},
          StepEnded{{.call_id = id}},
          StepEnded{{.call_id = "w"}},
          Nudged{"loop", "Stop."},
          Resumed{"other"},
          VerifyBegun{},
          Verified{},
          ApprovalAsked{{id}, "?"},
          ApprovalGiven{{id}, true, "p"},
          Compacted{1, size, {.role = Role::user, .text = "summary"}},
          LimitReached{Reason::turns, "turn_limit", ""}};
      const pareto::Run before = story.run;
      if (story.attempt(any[random.next() % any.size()])) {
        ++accepted;
      } else {
        ASSERT_EQ(story.run, before);
      }
      ASSERT_LE(story.run->ledger.settled() + story.run->ledger.reserved(), usd("0.05"));
      if (story.run->asked.empty() || story.run->step_from_planner) {
        ASSERT_TRUE(every_call_has_one_result(story.run)) << seed;
      }
    }
    ASSERT_EQ(*pareto::Run::replay(story.events), story.run);
  }
  EXPECT_GT(accepted, 2'000);
}

}  // namespace
}  // namespace pareto
