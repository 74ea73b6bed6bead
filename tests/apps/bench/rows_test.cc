#include "apps/bench/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Json row(const std::string& task, const std::string& status, const std::string& cost,
         const std::string& run) {
  return {{"suite_hash", "h1"}, {"task", task},     {"mode", "auto"},   {"model", "m"},
          {"repeat", 0},        {"status", status}, {"cost_usd", cost}, {"run", run}};
}

TEST(SuccessOfTest, TheScoreGoesBeforeWhatTheAgentKnew) {
  const auto success = [](const char* status, const Json& score) {
    return success_of({{"status", status}, {"score", score}});
  };
  EXPECT_EQ(success("success", 0.0), 0);
  EXPECT_EQ(success("failure", 0.5), 0.5);
  EXPECT_EQ(success("success", nullptr), 1) << "without a scorer";
  EXPECT_EQ(success("failure", nullptr), 0);
  EXPECT_EQ(success("limit", nullptr), 0);
}

class ResultRowsTest : public testing::Test {
 protected:
  ResultRows open(const std::string& hash = "h1") {
    auto rows = ResultRows::open(path, hash);
    EXPECT_TRUE(rows) << rows.error().message;
    return std::move(*rows);
  }
  std::string error(const std::string& hash = "h1") {
    auto rows = ResultRows::open(path, hash);
    return rows ? "(no error)" : rows.error().message;
  }

  TempFolder folder;
  const std::string path = folder / "results.jsonl";
};

TEST_F(ResultRowsTest, KeepsWhatWasAppended) {
  const Json first = row("a", "success", "0.001000000", "r1");
  const Json second = row("b", "failure", "0.002000000", "r2");
  {
    ResultRows rows = open();
    EXPECT_TRUE(rows.append(first));
    EXPECT_TRUE(rows.append(second));
  }
  const std::map<RowKey, Json> expected = {{{"a", "auto", "m", 0}, first},
                                           {{"b", "auto", "m", 0}, second}};
  EXPECT_EQ(open().rows(), expected);
  EXPECT_EQ(folder.read("results.jsonl"), dump_json(first) + "\n" + dump_json(second) + "\n");
}

TEST_F(ResultRowsTest, TheLastRowOfAKeyWinsButMoneyStaysSpent) {
  {
    ResultRows rows = open();
    EXPECT_TRUE(rows.append(row("a", "error", "0.001000000", "r1")));
    EXPECT_TRUE(rows.append(row("a", "success", "0.002000000", "r2")));
    EXPECT_EQ(rows.rows().begin()->second["status"], "success");
  }
  const ResultRows again = open();
  EXPECT_EQ(again.rows().size(), 1U);
  EXPECT_EQ(again.rows().begin()->second["run"], "r2");
  EXPECT_THAT(again.runs(), ElementsAre("r1", "r2"));
  EXPECT_EQ(again.spent(), Money::nanos(3'000'000));
}

TEST_F(ResultRowsTest, CutsATornLastLineOff) {
  const std::string whole = dump_json(row("a", "success", "0", "r1")) + "\n";
  folder.write("results.jsonl", whole + R"({"task":"b","mo)");
  {
    ResultRows rows = open();
    EXPECT_EQ(rows.torn_bytes(), 15U);
    EXPECT_EQ(rows.rows().size(), 1U);
    EXPECT_TRUE(rows.append(row("c", "success", "0", "r3")));
  }
  EXPECT_EQ(folder.read("results.jsonl"), whole + dump_json(row("c", "success", "0", "r3")) + "\n");
}

TEST_F(ResultRowsTest, ARunThatIsScoredAgainIsPaidOnce) {
  ResultRows rows = open();
  EXPECT_TRUE(rows.append(row("a", "error", "0.001000000", "r1")));
  EXPECT_TRUE(rows.append(row("a", "success", "0.001000000", "r1")));
  EXPECT_EQ(rows.spent(), Money::nanos(1'000'000));
  EXPECT_EQ(rows.torn_bytes(), 0U);
}

TEST_F(ResultRowsTest, RefusesRowsOfAnotherSuiteNamingBothHashes) {
  folder.write("results.jsonl", dump_json(row("a", "success", "0", "r1")) + "\n");
  EXPECT_THAT(error("h2"), testing::AllOf(HasSubstr(path + ":1"), HasSubstr("h1"), HasSubstr("h2"),
                                          HasSubstr("--out")));
}

TEST_F(ResultRowsTest, LeavesAFileAloneThatHoldsNoRows) {
  const std::string notes = "my notes\nand more, without a line's end";
  folder.write("results.jsonl", notes);
  EXPECT_THAT(error(), HasSubstr(path + ":1: not a result row"));
  EXPECT_EQ(folder.read("results.jsonl"), notes);
}

TEST_F(ResultRowsTest, TwoBenchesDoNotShareAFile) {
  const ResultRows rows = open();
  auto second = ResultRows::open(path, "h1");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
}

TEST_F(ResultRowsTest, AFolderThatIsNotThereIsAnError) {
  auto rows = ResultRows::open(folder / "missing/results.jsonl", "h1");
  ASSERT_FALSE(rows);
  EXPECT_THAT(rows.error().message, HasSubstr("can't be written"));
}

}  // namespace
}  // namespace pareto
