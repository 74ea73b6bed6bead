#include "agent/io/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/agent/io/journal_fixture.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const RunId kRun{"01JDXK5T9Q3W8ZP6R2M4N7V0YA"};

Event routed(std::int64_t seq, Mode mode, const std::string& kind) {
  Routed payload;
  payload.route.mode = mode;
  payload.route.model = "local";
  payload.route.effort = Effort::medium;
  payload.route.kind = kind;
  return event_of(seq, payload);
}

Event finished(std::int64_t seq) {
  Finished payload;
  payload.outcome.status = Status::success;
  payload.outcome.reason = Reason::verified;
  payload.outcome.receipt.cost[0] = Money::nanos(700);
  payload.outcome.receipt.cost[1] = Money::nanos(66);
  payload.outcome.receipt.turns = 4;
  payload.outcome.receipt.tool_calls = 9;
  payload.outcome.receipt.seconds = Milliseconds(1234);
  return event_of(seq, payload);
}

std::vector<std::string> ids(const RunPage& page) {
  std::vector<std::string> found;
  for (const RunSummary& run : page.runs) found.push_back(run.run.value);
  return found;
}

TEST(SqliteJournalTest, KeepsEventsAcrossProcessesOfTheFile) {
  JournalFile file;
  ASSERT_TRUE(file.append(kRun, {started(kRun), nudged(2)}));
  file.reopen();
  EXPECT_THAT(must(file.journal->load(kRun)), ElementsAre(started(kRun), nudged(2)));
  EXPECT_TRUE(file.append(kRun, {nudged(3)}));
  EXPECT_EQ(file.journal->last_seq(kRun), 3);
}

TEST(SqliteJournalTest, TwoWritersOfAFileCannotBothContinueARun) {
  JournalFile file;
  const auto other_writer = must(SqliteWriter::open(file.loop, file.folder.file()));
  const auto other = must(SqliteJournal::open(*other_writer));
  ASSERT_TRUE(file.append(kRun, {started(kRun)}));
  const auto theirs = wait_for<void>(file.loop, [&](Handler<void> done) {
    other->append(kRun, {nudged(2, "theirs")}, std::move(done));
  });
  EXPECT_TRUE(theirs);
  EXPECT_FALSE(file.append(kRun, {nudged(2, "ours")}));
  EXPECT_THAT(must(file.journal->load(kRun)), ElementsAre(started(kRun), nudged(2, "theirs")));
}

TEST(SqliteJournalTest, LoadsWhatCameAfterAnEvent) {
  JournalFile file;
  ASSERT_TRUE(file.append(kRun, {started(kRun), nudged(2), nudged(3), nudged(4)}));
  EXPECT_THAT(must(file.journal->load_after(kRun, 1, 2)), ElementsAre(nudged(2), nudged(3)));
  EXPECT_THAT(must(file.journal->load_after(kRun, 3, 100)), ElementsAre(nudged(4)));
  EXPECT_THAT(must(file.journal->load_after(kRun, 4, 100)), IsEmpty());
  EXPECT_EQ(file.journal->last_seq({"other"}), 0);
}

TEST(SqliteJournalTest, ExportsTheStoredLines) {
  JournalFile file;
  std::vector<Event> events{started(kRun)};
  for (std::int64_t seq = 2; seq <= 150; ++seq) events.push_back(nudged(seq));
  ASSERT_TRUE(file.append(kRun, events));
  std::vector<std::string> lines;
  const auto sink = [&](std::string_view line) -> Result<void> {
    lines.emplace_back(line);
    return {};
  };
  ASSERT_TRUE(file.journal->export_lines(kRun, 0, sink));
  std::vector<std::string> expected;
  for (const Event& event : events) expected.push_back(to_line(event));
  EXPECT_EQ(lines, expected);

  lines.clear();
  ASSERT_TRUE(file.journal->export_lines(kRun, 149, sink));
  EXPECT_THAT(lines, ElementsAre(expected.back()));
  EXPECT_EQ(file.journal->export_lines({"other"}, 0, sink).error().code, ErrorCode::not_found);
}

TEST(SqliteJournalTest, AnExportEndsWithTheErrorOfItsSink) {
  JournalFile file;
  ASSERT_TRUE(file.append(kRun, {started(kRun), nudged(2), nudged(3)}));
  int lines = 0;
  const auto exported = file.journal->export_lines(kRun, 0, [&](std::string_view) -> Result<void> {
    if (++lines == 2) return fail(ErrorCode::cancelled, "closed");
    return {};
  });
  EXPECT_EQ(exported, Result<void>(fail(ErrorCode::cancelled, "closed")));
  EXPECT_EQ(lines, 2);
}

TEST(SqliteJournalTest, SummarisesARun) {
  JournalFile file;
  ASSERT_TRUE(file.append(kRun, {started(kRun)}));
  RunSummary expected{.run = kRun,
                      .task_id = "gcd",
                      .origin = "run",
                      .created = started(kRun).at,
                      .updated = started(kRun).at,
                      .status = "running",
                      .prompt_head = "tests.py fails. Find the bug in gcd.py."};
  EXPECT_EQ(must(file.journal->find(kRun)), expected);

  ASSERT_TRUE(file.append(kRun, {routed(2, Mode::agentic, "repair"), nudged(3)}));
  expected.updated = nudged(3).at;
  expected.mode = "agentic";
  expected.model = "local";
  expected.effort = "medium";
  expected.kind = "repair";
  EXPECT_EQ(must(file.journal->find(kRun)), expected);

  ASSERT_TRUE(file.append(kRun, {event_of(4, ApprovalAsked{.question = "may I?"})}));
  EXPECT_EQ(must(file.journal->find(kRun)).status, "waiting");
  ASSERT_TRUE(file.append(kRun, {event_of(5, ApprovalGiven{.approved = true})}));
  EXPECT_EQ(must(file.journal->find(kRun)).status, "running");

  ASSERT_TRUE(file.append(kRun, {finished(6)}));
  expected.updated = finished(6).at;
  expected.status = "success";
  expected.reason = "verified";
  expected.cost = Money::nanos(766);
  expected.turns = 4;
  expected.tool_calls = 9;
  expected.took = Milliseconds(1234);
  EXPECT_EQ(must(file.journal->find(kRun)), expected);

  ASSERT_TRUE(file.append(kRun, {event_of(7, Resumed{.owner = "me"})}));
  EXPECT_EQ(must(file.journal->find(kRun)).status, "running");
}

TEST(SqliteJournalTest, CutsThePromptBetweenCharacters) {
  JournalFile file;
  Started payload{.run = kRun};
  payload.task.prompt = std::string(199, 'x') + "äöü";
  ASSERT_TRUE(file.append(kRun, {event_of(1, payload)}));
  EXPECT_EQ(must(file.journal->find(kRun)).prompt_head, std::string(199, 'x'));
}

TEST(SqliteJournalTest, FindsNoUnknownRun) {
  JournalFile file;
  EXPECT_EQ(file.journal->find(kRun).error().code, ErrorCode::not_found);
}

class SqliteJournalListTest : public testing::Test {
 protected:
  SqliteJournalListTest() {
    for (int i = 0; i < 7; ++i) {
      const RunId run{"run-" + std::to_string(i)};
      Started payload{.run = run, .origin = i % 2 == 0 ? "serve" : "bench"};
      payload.task.id = "task-" + std::to_string(i % 3);
      Event first = event_of(1, payload);
      first.at = instant_from_ms(1000 * i);
      must(file_.append(run, {first}));
      if (i > 2)
        must(file_.append(run, {routed(2, i > 4 ? Mode::instant : Mode::agentic, "math")}));
      if (i > 5) must(file_.append(run, {finished(3)}));
    }
  }
  std::vector<std::string> list(const RunFilter& filter) {
    return ids(must(file_.journal->list(filter)));
  }

  JournalFile file_;
};

TEST_F(SqliteJournalListTest, ListsTheNewestFirst) {
  EXPECT_THAT(list({}), ElementsAre("run-6", "run-5", "run-4", "run-3", "run-2", "run-1", "run-0"));
}

TEST_F(SqliteJournalListTest, Filters) {
  EXPECT_THAT(list({.status = "success"}), ElementsAre("run-6"));
  EXPECT_THAT(list({.origin = "bench"}), ElementsAre("run-5", "run-3", "run-1"));
  EXPECT_THAT(list({.mode = "agentic"}), ElementsAre("run-4", "run-3"));
  EXPECT_THAT(list({.model = "local"}), SizeIs(4));
  EXPECT_THAT(list({.kind = "prose"}), IsEmpty());
  EXPECT_THAT(list({.task_id = "task-1"}), ElementsAre("run-4", "run-1"));
  EXPECT_THAT(list({.since = instant_from_ms(5000)}), ElementsAre("run-6", "run-5"));
  EXPECT_THAT(list({.status = "running", .mode = "instant"}), ElementsAre("run-5"));
  EXPECT_THAT(list({.status = "' OR 1 --"}), IsEmpty());
}

TEST_F(SqliteJournalListTest, PagesByCursorAndSeesEveryRunOnce) {
  RunFilter filter{.limit = 3};
  std::vector<std::string> seen;
  std::vector<std::size_t> sizes;
  do {
    const RunPage page = must(file_.journal->list(filter));
    for (const std::string& id : ids(page)) seen.push_back(id);
    sizes.push_back(page.runs.size());
    filter.cursor = page.next;
  } while (!filter.cursor.empty());
  EXPECT_EQ(seen, list({}));
  EXPECT_THAT(sizes, ElementsAre(3, 3, 1));
}

TEST_F(SqliteJournalListTest, APageThatIsJustFullHasNoNext) {
  EXPECT_EQ(must(file_.journal->list({.limit = 7})).next, "");
  EXPECT_EQ(must(file_.journal->list({.limit = 6})).next, "run-1");
}

TEST_F(SqliteJournalListTest, ResolvesAUniquePrefix) {
  EXPECT_EQ(file_.journal->resolve("run-3"), RunId{"run-3"});
  const auto many = file_.journal->resolve("run");
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code, ErrorCode::invalid);
  EXPECT_THAT(many.error().message, AllOf(HasSubstr("run-0"), HasSubstr("give more")));
  EXPECT_EQ(file_.journal->resolve("nun").error().code, ErrorCode::not_found);
  must(file_.append({"run-31"}, {nudged(1), started({"run-31"}, 2)}));
  EXPECT_EQ(file_.journal->resolve("run-3"), RunId{"run-3"});
}

TEST(SqliteJournalKeysTest, AKeyBelongsToTheRunWhoseFirstEventItCameWith) {
  JournalFile file;
  EXPECT_EQ(file.journal->claim_key("k", "hash", kRun), kRun);
  ASSERT_TRUE(file.append(kRun, {started(kRun)}));
  file.reopen();
  EXPECT_EQ(file.journal->claim_key("k", "hash", {"another"}), kRun);
  EXPECT_EQ(file.journal->claim_key("other", "hash", {"another"}), RunId{"another"});
}

TEST(SqliteJournalKeysTest, APendingClaimCountsAtOnce) {
  JournalFile file;
  EXPECT_EQ(file.journal->claim_key("k", "hash", kRun), kRun);
  EXPECT_EQ(file.journal->claim_key("k", "hash", {"another"}), kRun);
  EXPECT_EQ(file.journal->claim_key("k", "hash2", {"another"}).error().code, ErrorCode::invalid);
  file.journal->release_key(kRun);
  EXPECT_EQ(file.journal->claim_key("k", "hash2", {"another"}), RunId{"another"});
}

TEST(SqliteJournalKeysTest, AnotherRequestWithAUsedKeyIsRefused) {
  JournalFile file;
  must(file.journal->claim_key("k", "hash", kRun));
  ASSERT_TRUE(file.append(kRun, {started(kRun)}));
  const auto claimed = file.journal->claim_key("k", "changed", {"another"});
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().code, ErrorCode::invalid);
  EXPECT_THAT(claimed.error().message, HasSubstr(kRun.value));
}

TEST(SqliteJournalKeysTest, AKeyIsNotStoredWithoutItsRun) {
  JournalFile file;
  must(file.journal->claim_key("k", "hash", kRun));
  EXPECT_FALSE(file.append(kRun, {nudged(5)}));
  file.reopen();
  EXPECT_EQ(file.journal->claim_key("k", "hash", {"another"}), RunId{"another"});
}

TEST(SqliteJournalKeysTest, TheSlowerOfTwoProcessesGetsNoRun) {
  JournalFile file;
  const auto other_writer = must(SqliteWriter::open(file.loop, file.folder.file()));
  const auto other = must(SqliteJournal::open(*other_writer));
  const RunId theirs{"theirs"};
  must(file.journal->claim_key("k", "hash", kRun));
  must(other->claim_key("k", "hash", theirs));
  ASSERT_TRUE(file.append(kRun, {started(kRun)}));
  const auto late = wait_for<void>(file.loop, [&](Handler<void> done) {
    other->append(theirs, {started(theirs)}, std::move(done));
  });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::denied);
  EXPECT_EQ(other->load(theirs).error().code, ErrorCode::not_found);
  EXPECT_EQ(other->claim_key("k", "hash", theirs), kRun);
}

TEST(SqliteJournalKeysTest, OldKeysAreForgotten) {
  JournalFile file;
  must(file.journal->claim_key("old", "hash", kRun));
  ASSERT_TRUE(file.append(kRun, {started(kRun)}));
  const RunId later{"later"};
  must(file.journal->claim_key("new", "hash", later));
  Event first = started(later);
  first.at += std::chrono::days(8);
  ASSERT_TRUE(file.append(later, {first}));
  EXPECT_EQ(file.journal->claim_key("old", "hash", {"another"}), RunId{"another"});
}

class SqliteJournalDamageTest : public testing::Test {
 protected:
  SqliteJournalDamageTest() {
    must(file_.append(kRun, {started(kRun), nudged(2), nudged(3), nudged(4)}));
    must(file_.append({"whole"}, {started({"whole"})}));
  }
  // What `load` and `check` say, which must be the same.
  std::string damage() {
    const auto loaded = file_.journal->load(kRun);
    const auto found = must(file_.journal->check());
    EXPECT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::internal);
    EXPECT_THAT(found, ElementsAre(loaded.error()));
    EXPECT_TRUE(file_.journal->load({"whole"}));
    return loaded.error().message;
  }

  JournalFile file_;
};

TEST_F(SqliteJournalDamageTest, AWholeFileHasNone) {
  EXPECT_THAT(must(file_.journal->check()), IsEmpty());
}

TEST_F(SqliteJournalDamageTest, NamesATornRow) {
  file_.execute("UPDATE events SET body = substr(body, 1, 30) WHERE seq = 3");
  EXPECT_THAT(damage(), AllOf(HasSubstr(kRun.value), HasSubstr("event 3:")));
}

TEST_F(SqliteJournalDamageTest, NamesWhereARowIsMissing) {
  file_.execute("DELETE FROM events WHERE seq = 2");
  EXPECT_THAT(damage(), AllOf(HasSubstr(kRun.value), HasSubstr("event 3:"),
                              HasSubstr("expected event 2 here")));
}

TEST_F(SqliteJournalDamageTest, NamesAMissingStart) {
  file_.execute("DELETE FROM events WHERE seq = 1 AND run <> 'whole'");
  EXPECT_THAT(damage(), HasSubstr("expected event 1 here"));
}

TEST_F(SqliteJournalDamageTest, NamesARowWithTheTextOfAnother) {
  file_.execute("UPDATE events SET body = replace(body, '\"seq\":4', '\"seq\":2') WHERE seq = 4");
  EXPECT_THAT(damage(), AllOf(HasSubstr("event 4:"), HasSubstr("its text is event 2")));
}

TEST_F(SqliteJournalDamageTest, NamesRowsThatAreNoEvents) {
  for (const char* body : {"", "null", "[]", "{}", "\xff\xfe", "{\"v\":1,\"seq\":4}"}) {
    file_.execute("UPDATE events SET body = '" + std::string(body) + "' WHERE seq = 4");
    EXPECT_THAT(damage(), HasSubstr("event 4:")) << body;
  }
  file_.execute("UPDATE events SET body = printf('%.*c', 100000, '[') WHERE seq = 4");
  EXPECT_THAT(damage(), HasSubstr("event 4:"));
}

TEST_F(SqliteJournalDamageTest, ListsAtMostAsManyAsAskedFor) {
  file_.execute("UPDATE events SET body = '' ");
  EXPECT_THAT(must(file_.journal->check()), SizeIs(5));
  EXPECT_THAT(must(file_.journal->check(2)), SizeIs(2));
}

}  // namespace
}  // namespace pareto
