#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/core/random.h"
#include "agent/io/journal.h"
#include "tests/agent/io/journal_fixture.h"

// What every journal must do. Run against each of them.

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Subject {
 public:
  virtual ~Subject() = default;
  virtual Journal& journal() = 0;
  virtual Loop& loop() = 0;
};

class MemorySubject final : public Subject {
 public:
  Journal& journal() override { return journal_; }
  Loop& loop() override { return loop_; }

 private:
  Loop loop_;
  MemoryJournal journal_{loop_};
};

class SqliteSubject final : public Subject {
 public:
  Journal& journal() override { return *file_.journal; }
  Loop& loop() override { return file_.loop; }

 private:
  JournalFile file_;
};

struct Kind {
  std::string name;
  std::function<std::unique_ptr<Subject>()> make;

  friend void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }
};

class JournalConformanceTest : public testing::TestWithParam<Kind> {
 protected:
  Result<void> append(const RunId& run, std::vector<Event> events) {
    return wait_for<void>(loop(), [&](Handler<void> done) {
      journal().append(run, std::move(events), std::move(done));
    });
  }
  // Appends without waiting; the outcome's place in `outcomes` is that of its handler's call.
  void start(const RunId& run, std::vector<Event> events) {
    const int number = started_++;
    journal().append(run, std::move(events), [this, number](Result<void> stored) {
      outcomes_.emplace_back(number, std::move(stored));
    });
  }
  Journal& journal() { return subject_->journal(); }
  Loop& loop() { return subject_->loop(); }

  const RunId a_{"01JDXK5T9Q3W8ZP6R2M4N7V0YA"};
  const RunId b_{"01JDXK5T9Q3W8ZP6R2M4N7V0YB"};
  std::unique_ptr<Subject> subject_ = GetParam().make();
  int started_ = 0;
  std::vector<std::pair<int, Result<void>>> outcomes_;
};

std::vector<Payload> one_of_each() {
  Started first{.run = {"r"}, .asked_mode = "auto", .seed = ~0ULL, .origin = "serve"};
  first.task.id = "bears";
  first.task.prompt = "zwölf \"Bären\"\n\t\x01";
  first.limits.usd = Money::nanos(1);
  Routed routed;
  routed.route.kind = "math";
  routed.route.arms.push_back({.model = "local", .cost = Money::nanos(5), .propensity = 0.25});
  CallEnded ended{.call = {"c"}, .settled = Money::nanos(12), .usage = Usage{.prompt_tokens = 4}};
  ended.message = Message{.role = Role::assistant, .tool_calls = {{"id", "view", "{not json"}}};
  ended.error = Error{ErrorCode::protocol, "cut"};
  Finished finished;
  finished.outcome.answer = "42";
  finished.outcome.receipt.turns = 3;
  return {first,
          Recalled{},
          routed,
          Planned{.messages = {{.text = "hi"}}, .tools = {"view"}},
          CallBegun{.call = {"c"}, .model = "local", .reserved = Money::nanos(9)},
          ended,
          StepBegun{.calls = {{"id", "view", "{}"}}},
          StepEnded{.result = {.call_id = "id", .text = "out"}, .took = Milliseconds(3)},
          LimitReached{.reason = Reason::usd, .concern = "budget"},
          Nudged{.concern = "loop", .text = "try something else"},
          Compacted{.first = 1, .last = 4, .summary = {.text = "so far"}},
          ApprovalAsked{.call_ids = {"id"}, .question = "may I?"},
          ApprovalGiven{.call_ids = {"id"}, .approved = true, .by = "me"},
          VerifyBegun{},
          Verified{.verdict = {.passed = true}},
          Resumed{.owner = "pareto run"},
          CancelRequested{.by = "me"},
          finished};
}

TEST_P(JournalConformanceTest, GivesBackEveryKindOfEvent) {
  std::vector<Event> events;
  for (Payload& payload : one_of_each()) {
    events.push_back(event_of(static_cast<std::int64_t>(events.size()) + 1, std::move(payload)));
  }
  ASSERT_EQ(events.size(), std::variant_size_v<Payload>);
  ASSERT_EQ(append(a_, events), Result<void>());
  EXPECT_EQ(must(journal().load(a_)), events);
}

TEST_P(JournalConformanceTest, ContinuesARunInAnyGrouping) {
  ASSERT_TRUE(append(a_, {started(a_), nudged(2)}));
  ASSERT_TRUE(append(a_, {nudged(3)}));
  ASSERT_TRUE(append(a_, {nudged(4), nudged(5), nudged(6)}));
  EXPECT_THAT(must(journal().load(a_)),
              ElementsAre(started(a_), nudged(2), nudged(3), nudged(4), nudged(5), nudged(6)));
}

TEST_P(JournalConformanceTest, KeepsRunsApart) {
  ASSERT_TRUE(append(a_, {started(a_)}));
  ASSERT_TRUE(append(b_, {started(b_)}));
  ASSERT_TRUE(append(a_, {nudged(2, "a")}));
  ASSERT_TRUE(append(b_, {nudged(2, "b")}));
  EXPECT_THAT(must(journal().load(a_)), ElementsAre(started(a_), nudged(2, "a")));
  EXPECT_THAT(must(journal().load(b_)), ElementsAre(started(b_), nudged(2, "b")));
}

TEST_P(JournalConformanceTest, NeverCallsAHandlerFromWithinAppend) {
  start(a_, {started(a_)});
  EXPECT_TRUE(outcomes_.empty());
  loop().run();
  EXPECT_EQ(outcomes_.size(), 1U);
}

TEST_P(JournalConformanceTest, CompletesInTheOrderOfAppends) {
  for (std::int64_t seq = 1; seq <= 50; ++seq) {
    start(a_, {seq == 1 ? started(a_) : nudged(seq)});
    start(b_, {seq == 1 ? started(b_) : nudged(seq)});
  }
  loop().run();
  ASSERT_EQ(outcomes_.size(), 100U);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(outcomes_[static_cast<std::size_t>(i)], (std::pair{i, Result<void>()}));
  }
  EXPECT_EQ(must(journal().load(a_)).size(), 50U);
}

TEST_P(JournalConformanceTest, RefusesATakenNumberAndOverwritesNothing) {
  ASSERT_TRUE(append(a_, {started(a_), nudged(2, "first")}));
  const auto again = append(a_, {nudged(2, "second")});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::invalid);
  EXPECT_THAT(again.error().message, HasSubstr(a_.value));
  EXPECT_THAT(again.error().message, HasSubstr("expected event 3 next, got 2"));
  EXPECT_THAT(must(journal().load(a_)), ElementsAre(started(a_), nudged(2, "first")));
}

TEST_P(JournalConformanceTest, RefusesAGap) {
  ASSERT_TRUE(append(a_, {started(a_)}));
  EXPECT_FALSE(append(a_, {nudged(3)}));
  EXPECT_FALSE(append(b_, {nudged(2)}));
  EXPECT_FALSE(append(b_, {nudged(0)}));
  EXPECT_THAT(must(journal().load(a_)), ElementsAre(started(a_)));
  EXPECT_EQ(journal().load(b_).error().code, ErrorCode::not_found);
}

TEST_P(JournalConformanceTest, StoresNothingOfABatchThatDoesNotContinueItself) {
  ASSERT_TRUE(append(a_, {started(a_)}));
  EXPECT_FALSE(append(a_, {nudged(2), nudged(4)}));
  EXPECT_FALSE(append(a_, {nudged(2), nudged(2)}));
  EXPECT_THAT(must(journal().load(a_)), ElementsAre(started(a_)));
}

TEST_P(JournalConformanceTest, AFailedAppendFailsAlone) {
  start(a_, {started(a_)});
  start(a_, {nudged(9)});
  start(b_, {started(b_)});
  start(a_, {nudged(2)});
  loop().run();
  ASSERT_EQ(outcomes_.size(), 4U);
  std::map<int, bool> stored;
  for (const auto& [number, outcome] : outcomes_) stored[number] = outcome.has_value();
  EXPECT_EQ(stored, (std::map<int, bool>{{0, true}, {1, false}, {2, true}, {3, true}}));
  EXPECT_THAT(must(journal().load(a_)), ElementsAre(started(a_), nudged(2)));
}

TEST_P(JournalConformanceTest, AnUnknownRunIsNotFound) {
  const auto loaded = journal().load(a_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::not_found);
  EXPECT_THAT(loaded.error().message, HasSubstr(a_.value));
}

TEST_P(JournalConformanceTest, AnEmptyAppendCompletes) {
  EXPECT_EQ(append(a_, {}), Result<void>());
  EXPECT_EQ(journal().load(a_).error().code, ErrorCode::not_found);
}

TEST_P(JournalConformanceTest, TakesAnAppendWithoutAHandler) {
  journal().append(a_, {started(a_)}, nullptr);
  journal().append(a_, {nudged(7)}, nullptr);
  loop().run();
  EXPECT_THAT(must(journal().load(a_)), ElementsAre(started(a_)));
}

// A map of vectors is the oracle.
TEST_P(JournalConformanceTest, BehavesLikeAMapOfLists) {
  SeededRandom random(11);
  std::map<RunId, std::vector<Event>> oracle;
  std::vector<bool> expected;
  for (int step = 0; step < 300; ++step) {
    const RunId run{"run-" + std::to_string(random.next() % 5)};
    std::vector<Event>& events = oracle[run];
    const auto last = static_cast<std::int64_t>(events.size());
    const bool wrong = random.next() % 5 == 0;
    std::int64_t seq = last + (wrong ? 2 - 3 * static_cast<std::int64_t>(random.next() % 2) : 1);
    std::vector<Event> batch;
    for (std::uint64_t n = random.next() % 4; n > 0; --n) {
      batch.push_back(nudged(seq++, std::string(random.next() % 2000, 'x')));
    }
    expected.push_back(!wrong || batch.empty());
    if (!wrong) events.insert(events.end(), batch.begin(), batch.end());
    start(run, std::move(batch));
    if (random.next() % 8 == 0) loop().run();
  }
  loop().run();
  ASSERT_EQ(outcomes_.size(), expected.size());
  for (const auto& [number, outcome] : outcomes_) {
    EXPECT_EQ(outcome.has_value(), expected[static_cast<std::size_t>(number)]) << number;
  }
  for (const auto& [run, events] : oracle) EXPECT_EQ(must(journal().load(run)), events);
}

INSTANTIATE_TEST_SUITE_P(
    Journals, JournalConformanceTest,
    testing::Values(Kind{"Memory", [] { return std::make_unique<MemorySubject>(); }},
                    Kind{"Sqlite", [] { return std::make_unique<SqliteSubject>(); }}),
    [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace pareto
