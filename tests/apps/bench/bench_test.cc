#include "apps/bench/bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/bench/bench_fixture.h"

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(BenchTest, GivesEveryCellItsRow) {
  plan.modes = {"instant", "reasoning"};
  plan.repeats = 2;
  const Session session = bench();
  EXPECT_THAT(session.rows, SizeIs(kTaskCount * 2 * 2));
  EXPECT_THAT(session.appended, SizeIs(kTaskCount * 2 * 2));
  const Json row = comparable(session.rows.at({"t2", "instant", "m", 1}));
  auto suite = read_suite(folder / "tasks.jsonl").value();
  const Json expected = {{"schema", 1},
                         {"suite", "tasks"},
                         {"suite_hash", suite.hash},
                         {"task", "t2"},
                         {"class", nullptr},
                         {"repeat", 1},
                         {"seed", row["seed"]},
                         {"mode", "instant"},
                         {"model", "m"},
                         {"mode_used", "instant"},
                         {"model_used", "m"},
                         {"effort_used", "low"},
                         {"status", "success"},
                         {"reason", "unverified"},
                         {"score", 1.0},
                         {"answer", "2"},
                         {"turns", 1},
                         {"tool_calls", 0},
                         {"model_calls", 1},
                         {"prompt_tokens", 100},
                         {"cached_prompt_tokens", 0},
                         {"completion_tokens", 10},
                         {"reasoning_tokens", 0},
                         {"cost_usd", kCallCost.to_string()},
                         {"cost_known", true},
                         {"cost_estimated", false},
                         {"overhead_cost_usd", "0.000000000"},
                         {"cost_without_cache_usd", kCallCost.to_string()},
                         {"propensity", 1.0},
                         {"recalled", 0},
                         {"error", nullptr}};
  EXPECT_EQ(row, expected);
  EXPECT_EQ(session.rows.at({"t5", "instant", "m", 0})["score"], 0.0);
}

TEST_F(BenchTest, SeedsFollowFromTaskAndRepeatAlone) {
  plan.modes = {"instant", "agentic"};
  plan.repeats = 2;
  auto suite = read_suite(folder / "tasks.jsonl").value();
  const std::vector<Cell> cells = cells_of(plan, suite);
  ASSERT_THAT(cells, SizeIs(kTaskCount * 4));
  EXPECT_EQ(cells[0].seed, cells[1].seed) << "arms are compared on the same draws";
  EXPECT_NE(cells[0].seed, cells[2].seed);
  EXPECT_NE(cells[0].seed, cells[4].seed);
  plan.filter = "t3";
  const std::vector<Cell> filtered = cells_of(plan, suite);
  ASSERT_THAT(filtered, SizeIs(4));
  EXPECT_EQ(filtered[0].seed, cells[8].seed);
  plan.filter.clear();
  plan.limit = 2;
  EXPECT_THAT(cells_of(plan, suite), SizeIs(8));
  plan.limit.reset();
  plan.seed = 2;
  EXPECT_NE(cells_of(plan, suite)[0].seed, cells[0].seed);
}

TEST_F(BenchTest, GoesOnWithWhatIsThere) {
  plan.limit = 2;
  const Session first = bench();
  EXPECT_THAT(first.rows, SizeIs(2));
  plan.limit.reset();
  const Session second = bench();
  EXPECT_THAT(second.rows, SizeIs(kTaskCount));
  EXPECT_THAT(second.appended, SizeIs(kTaskCount - 2));
  EXPECT_EQ(second.rows.at({"t1", "instant", "m", 0}), first.rows.at({"t1", "instant", "m", 0}));
  EXPECT_THAT(bench().appended, IsEmpty());
  EXPECT_EQ(paid().replies, static_cast<int>(kTaskCount));
}

TEST_F(BenchTest, ManyJobsGiveTheRowsOfOne) {
  plan.modes = {"auto", "instant", "reasoning"};
  const Session one = bench("one");
  plan.jobs = 8;
  const Session eight = bench("eight");
  EXPECT_EQ(comparable(eight.rows), comparable(one.rows));
}

TEST_F(BenchTest, ErrorsAreTriedAgainByTheSameCommand) {
  say(R"({"scripts": [{"replies": [{"error": {"code": "unavailable", "message": "no network"}}]}]})");
  const Session broken = bench();
  ASSERT_THAT(broken.rows, SizeIs(kTaskCount));
  const Json& row = broken.rows.begin()->second;
  EXPECT_EQ(row["status"], "error");
  EXPECT_EQ(row["reason"], "model");
  EXPECT_EQ(row["score"], nullptr);
  EXPECT_THAT(row["error"].get<std::string>(), HasSubstr("no network"));
  EXPECT_EQ(broken.last.done, 0U);

  say(scripts(""));
  const Session mended = bench();
  EXPECT_THAT(mended.appended, SizeIs(kTaskCount));
  for (const auto& [key, good] : mended.rows) EXPECT_EQ(good["status"], "success");
}

TEST_F(BenchTest, CountsEveryArmAsItGoes) {
  plan.modes = {"instant", "reasoning"};
  const Session session = bench();
  const auto arm = [](const std::string& mode) {
    return ArmProgress{.mode = mode,
                       .model = "m",
                       .all = kTaskCount,
                       .done = kTaskCount,
                       .successes = 4,
                       .cost = Money::nanos(5 * 120'000),
                       .tokens = 5 * 110};
  };
  EXPECT_THAT(session.last.arms, ElementsAre(arm("instant"), arm("reasoning")));
  EXPECT_EQ(session.last.done, kTaskCount * 2);
  const Session again = bench();
  EXPECT_EQ(again.last.arms, session.last.arms) << "earlier rows count";
}

TEST_F(BenchTest, WorkIsScoredThoughALimitWasReached) {
  folder.write("tasks.jsonl", R"({"id": "t1", "prompt": "sum 1",)"
                              R"( "score": {"type": "command", "command": "grep -q x a"}})"
                              "\n");
  const std::string write = R"({"name": "write", "arguments": {"path": "a", "text": "x"}})";
  say(R"({"scripts": [{"repeat_last": true, "replies": [{"tool_calls": [)" + write +
      R"(], "usage": {"prompt_tokens": 100, "completion_tokens": 10}}]}]})");
  plan.modes = {"agentic"};
  const Session session = bench();
  ASSERT_THAT(session.rows, SizeIs(1));
  const Json& row = session.rows.begin()->second;
  EXPECT_EQ(row["status"], "limit") << row.dump();
  EXPECT_EQ(row["reason"], "usd");
  EXPECT_EQ(row["score"], 1.0);
}

TEST_F(BenchTest, ARowSaysWhyTheScoreIsWhatItIs) {
  folder.write("tasks.jsonl", R"({"id": "t1", "prompt": "sum 1",)"
                              R"( "score": {"type": "command", "command": "exit 3"}})"
                              "\n");
  const Session session = bench();
  ASSERT_THAT(session.rows, SizeIs(1));
  EXPECT_THAT(session.rows.begin()->second["score_note"].get<std::string>(),
              HasSubstr("exit status 3"));
}

}  // namespace
}  // namespace pareto
