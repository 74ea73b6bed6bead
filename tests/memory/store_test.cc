#include "memory/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "tests/memory/memory_fixture.h"

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class StoreTest : public MemoryFixture {
 protected:
  std::vector<std::string> listed(const ExperienceQuery& query) {
    SqliteConnection connection = reader();
    std::vector<std::string> runs;
    const std::vector<StoredExperience> found = list_experiences(connection, query).value();
    for (const StoredExperience& stored : found) {
      runs.push_back(stored.experience.run.value);
    }
    return runs;
  }

  std::string shown(const std::string& name) {
    SqliteConnection connection = reader();
    const auto found = find_experience(connection, name).value();
    return found ? dump_json(to_json(*found)) : "nothing";
  }
};

TEST_F(StoreTest, KeepsEveryFieldOfAnExperience) {
  EXPECT_EQ(insert(experience("A", "Fix gcd.py", 0.5)), 1);
  EXPECT_EQ(shown("A"),
            R"({"schema":1,"seq":1,"run":"A","task":"task-A","text":"Fix gcd.py","kind":"repair",)"
            R"("mode":"instant","model":"local","effort":"low","success":0.5,)"
            R"("cost_usd":"0.000944000","took_ms":9800,"turns":1,)"
            R"("features":{"version":"features/1"},"created_ms":1000000})");
  EXPECT_EQ(shown("1"), shown("A"));
  EXPECT_EQ(shown("2"), "nothing");
  EXPECT_EQ(shown("-1"), "nothing");
}

TEST_F(StoreTest, TheSameRunAgainReplacesItsOutcome) {
  insert(experience("A", "Fix gcd.py", 0));
  Experience again = experience("A", "Fix gcd.py", 1);
  again.turns = 5;
  EXPECT_EQ(insert(again), 1);
  EXPECT_THAT(shown("A"), HasSubstr(R"("success":1.0)"));
  EXPECT_THAT(shown("A"), HasSubstr(R"("turns":5)"));
  EXPECT_THAT(listed({}), ElementsAre("A"));
}

TEST_F(StoreTest, RefusesWhatIsNoOutcome) {
  const auto error_of = [&](const Experience& row) {
    const Result<void> stored = writer_->run([&](SqliteConnection& connection) -> Result<void> {
      auto inserted = insert_experience(connection, row, clock_.now());
      if (!inserted) return std::unexpected(inserted.error());
      return {};
    });
    return stored ? std::string() : stored.error().message;
  };
  EXPECT_THAT(error_of(experience("", "x")), HasSubstr("needs the id"));
  EXPECT_THAT(error_of(experience("A", "x", 2)), HasSubstr("expected 0 to 1"));
  EXPECT_THAT(error_of(experience("A", "x", std::numeric_limits<double>::quiet_NaN())),
              HasSubstr("expected 0 to 1"));
  EXPECT_THAT(listed({}), ElementsAre());
}

TEST_F(StoreTest, ListsNewestFirstByPageAndFilter) {
  insert(experience("A", "Fix gcd.py"));
  Experience other = experience("B", "Who wrote FAUST?");
  other.kind = "lookup";
  other.mode = Mode::agentic;
  other.model = "big";
  insert(other);
  insert(experience("C", "Fix sieve.py"));
  EXPECT_THAT(listed({}), ElementsAre("C", "B", "A"));
  EXPECT_THAT(listed({.limit = 2}), ElementsAre("C", "B"));
  EXPECT_THAT(listed({.before = 2}), ElementsAre("A"));
  EXPECT_THAT(listed({.kind = "repair"}), ElementsAre("C", "A"));
  EXPECT_THAT(listed({.model = "big"}), ElementsAre("B"));
  EXPECT_THAT(listed({.mode = Mode::agentic}), ElementsAre("B"));
  EXPECT_THAT(listed({.contains = "faust"}), ElementsAre("B"));
  EXPECT_THAT(listed({.contains = "%"}), ElementsAre());
}

TEST_F(StoreTest, ForgettingLeavesNoTraceOfTheText) {
  insert(experience("A", "a very secret prompt"));
  insert(experience("B", "another one"));
  std::int64_t forgotten = 0;
  ASSERT_TRUE(writer_->run([&](SqliteConnection& connection) -> Result<void> {
    forgotten = forget_experience(connection, "A").value();
    return {};
  }));
  EXPECT_EQ(forgotten, 1);
  EXPECT_THAT(listed({}), ElementsAre("B"));
  writer_.reset();  // folds the log into the file
  EXPECT_THAT(read_bytes(state_file()), testing::Not(HasSubstr("very secret")));
  EXPECT_THAT(read_bytes(state_file()), HasSubstr("another one"));
}

TEST_F(StoreTest, ForgetsAll) {
  insert(experience("A", "x"));
  insert(experience("B", "y"));
  std::int64_t forgotten = 0;
  ASSERT_TRUE(writer_->run([&](SqliteConnection& connection) -> Result<void> {
    forgotten = forget_all_experiences(connection).value();
    return {};
  }));
  EXPECT_EQ(forgotten, 2);
  EXPECT_THAT(listed({}), ElementsAre());
  EXPECT_EQ(insert(experience("C", "z")), 3) << "a seq is never used twice";
}

TEST_F(StoreTest, ExportAndImportAreInverse) {
  insert(experience("A", "Fix \"gcd.py\"\n\x01 é"));
  insert(experience("B", "y", 0));
  std::vector<std::string> lines;
  SqliteConnection connection = reader();
  ASSERT_TRUE(for_each_experience(connection, [&](const StoredExperience& stored) -> Result<void> {
    lines.push_back(dump_json(to_json(stored)));
    return {};
  }));
  ASSERT_EQ(lines.size(), 2U);
  for (const std::string& line : lines) {
    auto read = experience_from_json(*parse_json(line), instant_from_ms(5));
    ASSERT_TRUE(read) << read.error().message;
    read->seq = parse_json(line)->at("seq").get<std::int64_t>();
    EXPECT_EQ(dump_json(to_json(*read)), line);
  }
}

TEST_F(StoreTest, AnErrorEndsTheExport) {
  insert(experience("A", "x"));
  insert(experience("B", "y"));
  SqliteConnection connection = reader();
  int calls = 0;
  const Result<void> result =
      for_each_experience(connection, [&](const StoredExperience&) -> Result<void> {
        ++calls;
        return fail(ErrorCode::limit, "full");
      });
  EXPECT_EQ(result.error().message, "full");
  EXPECT_EQ(calls, 1);
}

TEST(ExperienceJsonTest, ErrorsNameTheKey) {
  const auto error_of = [](const char* text) {
    const auto read = experience_from_json(*parse_json(text), instant_from_ms(0));
    return read ? std::string() : read.error().message;
  };
  const std::string sound =
      R"({"run":"A","text":"x","mode":"instant","model":"m","success":1,"cost_usd":"0.1"})";
  EXPECT_EQ(error_of(sound.c_str()), "");
  EXPECT_THAT(error_of("{}"), HasSubstr("run"));
  EXPECT_THAT(error_of("[]"), HasSubstr("experience"));
  EXPECT_THAT(error_of(R"({"run":"A","text":"x","mode":"instnat","model":"m","success":1,)"
                       R"("cost_usd":"0.1"})"),
              HasSubstr("mode"));
  EXPECT_THAT(error_of(R"({"run":"A","text":"x","mode":"instant","model":"m","success":3,)"
                       R"("cost_usd":"0.1"})"),
              HasSubstr("success"));
  EXPECT_THAT(error_of(R"({"run":"A","text":"x","mode":"instant","model":"m","success":1,)"
                       R"("cost_usd":"0.1","colour":1})"),
              HasSubstr("colour"));
}

TEST_F(StoreTest, TotalsAreSummedByKindModeAndModel) {
  insert(experience("A", "x", 1));
  insert(experience("B", "y", 0.5));
  Experience other = experience("C", "z", 0);
  other.mode = Mode::agentic;
  insert(other);
  SqliteConnection connection = reader();
  EXPECT_EQ(total_experiences(connection).value(),
            (std::vector<ExperienceTotals>{
                {"repair", Mode::agentic, "local", 1, 0, Money::nanos(944'000)},
                {"repair", Mode::instant, "local", 2, 1.5, Money::nanos(1'888'000)}}));
}

TEST_F(StoreTest, ARowOfAnotherProgramIsPassedOver) {
  insert(experience("A", "x"));
  insert(experience("B", "y"));
  execute("UPDATE experiences SET mode = 'psychic' WHERE run = 'A'");
  EXPECT_THAT(listed({}), ElementsAre("B"));
  EXPECT_EQ(shown("A"), "nothing");
}

}  // namespace
}  // namespace pareto
