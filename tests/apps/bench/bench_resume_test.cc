// Benches that are stopped, go on, or run out of money.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/bench/bench_fixture.h"

namespace pareto {
namespace {

using testing::SizeIs;

TEST_F(BenchTest, ARunBeginsOnlyWhenItsWholeLimitIsThere) {
  limit = "0.002";
  // Five runs of 0.000120 leave 0.002 of 0.0026, six leave less.
  plan.usd = Money::nanos(2'600'000);
  plan.repeats = 3;
  for (const int jobs : {1, 4}) {
    plan.jobs = jobs;
    const std::string state = "state" + std::to_string(jobs);
    const Session session = bench(state);
    EXPECT_THAT(session.rows, SizeIs(6));
    EXPECT_EQ(session.not_started, kTaskCount * 3 - 6);
    EXPECT_EQ(session.needed, Money::nanos(2'000'000));
    EXPECT_EQ(session.last.spent, Money::nanos(6 * 120'000)) << "what is unspent comes back";
    EXPECT_EQ(paid(state).cost, session.spent);
    for (const auto& [key, row] : session.rows) {
      EXPECT_EQ(row["status"], "success") << "no run is cut short for what others spent";
    }
  }
  plan.usd = Money::nanos(1'000'000'000);
  const Session more = bench("state4");
  EXPECT_EQ(more.not_started, 0U);
  EXPECT_THAT(more.rows, SizeIs(kTaskCount * 3));
}

TEST_F(BenchTest, WhatAnAbandonedRunPaidCountsAgainstTheBudget) {
  limit = "0.002";
  say(scripts(R"(, "delay_ms": 5000)"));
  bench("state", [](Bench& run, const BenchProgress& progress) {
    if (progress.running == 0) return;
    run.stop();
    run.stop();
  });
  say(scripts(""));
  plan.usd = Money::nanos(1'999'999);
  EXPECT_EQ(bench().not_started, kTaskCount);
  plan.usd = Money::nanos(10'000'000);
  const Session session = bench();
  EXPECT_THAT(session.rows, SizeIs(kTaskCount));
  EXPECT_EQ(session.last.spent, paid().cost);
}

TEST_F(BenchTest, AFailureOfTheScorerIsScoredAgainAndNotPaidAgain) {
  folder.write("tasks.jsonl", R"({"id": "t1", "prompt": "sum 1",)"
                              R"( "score": {"type": "command", "command": "true"}})"
                              "\n");
  // The workspace is gone when the scorer looks for it, and there again later.
  const auto run_folder = [this] {
    return std::filesystem::directory_iterator(folder / "state/runs")->path();
  };
  const Session first = bench();
  ASSERT_EQ(first.rows.begin()->second["score"], 1.0);
  std::filesystem::rename(run_folder() / "workspace", folder / "kept");
  std::filesystem::remove(folder / "state/results.jsonl");
  const Session broken = bench();
  ASSERT_EQ(broken.rows.begin()->second["status"], "error")
      << "no verdict says nothing of the agent";
  EXPECT_EQ(broken.last.done, 0U);
  std::filesystem::rename(folder / "kept", run_folder() / "workspace");
  const Session mended = bench();
  EXPECT_EQ(mended.rows.begin()->second["score"], 1.0);
  EXPECT_EQ(mended.spent, kCallCost);
  EXPECT_EQ(mended.last.spent, kCallCost);
  EXPECT_EQ(paid().replies, 1);
}

TEST_F(BenchTest, ATaskWhoseOwnLimitIsTooSmallHasItsRow) {
  folder.write("tasks.jsonl", R"({"id": "t1", "prompt": "sum 1", "limits": {"usd": "0.000000001"}}
)");
  const Session session = bench();
  ASSERT_THAT(session.rows, SizeIs(1));
  EXPECT_EQ(session.rows.begin()->second["status"], "limit");
  EXPECT_EQ(session.rows.begin()->second["reason"], "refused_budget");
  EXPECT_EQ(session.not_started, 0U);
}

TEST_F(BenchTest, AnAbandonedBenchPaysNoReplyTwice) {
  plan.jobs = 2;
  // Stopped twice when the first row is there: another run is somewhere in the middle.
  const Session first = bench("state", [](Bench& run, const BenchProgress& progress) {
    if (progress.row == nullptr) return;
    run.stop();
    run.stop();
  });
  EXPECT_GE(first.rows.size(), 1U);
  EXPECT_LT(first.rows.size(), kTaskCount);
  const Session second = bench();
  EXPECT_THAT(second.rows, SizeIs(kTaskCount));
  const Paid sum = paid();
  EXPECT_EQ(sum.replies, static_cast<int>(kTaskCount));
  EXPECT_EQ(sum.cost, second.spent) << "every call is in the row of its run";
}

TEST_F(BenchTest, ARunAbandonedBetweenItsTurnsGoesOnThere) {
  const auto turn = [](const std::string& call, int delay_ms) {
    return R"({"usage": {"prompt_tokens": 100, "completion_tokens": 10}, "delay_ms": )" +
           std::to_string(delay_ms) + R"(, "tool_calls": [)" + call + "]}";
  };
  const auto finish = [](char n) {
    return R"({"name": "finish", "arguments": {"answer": ")" + std::string(1, n) + R"("}})";
  };
  const std::string write = R"({"name": "write", "arguments": {"path": "a", "text": "x"}})";
  // The first task ends when the others have had their first turn.
  std::string script =
      R"({"scripts": [{"match": "sum 1", "replies": [)" + turn(finish('1'), 500) + "]}";
  for (const char n : std::string("2345")) {
    script += std::string(R"(, {"match": "sum )") + n + R"(", "replies": [)" + turn(write, 0) +
              ", " + turn(finish(n), 1'500) + "]}";
  }
  say(script + "]}");
  plan.jobs = 5;
  plan.modes = {"agentic"};
  const auto stop_at_once = [](Bench& run, const BenchProgress& progress) {
    if (progress.row == nullptr) return;
    run.stop();
    run.stop();
  };
  const Session first = bench("state", stop_at_once);
  ASSERT_THAT(first.rows, SizeIs(1));
  const Paid before = paid();
  EXPECT_EQ(before.replies, 5) << "each had its first turn";

  const Session second = bench();
  EXPECT_THAT(second.rows, SizeIs(kTaskCount));
  for (const auto& [key, row] : second.rows) EXPECT_EQ(row["status"], "success") << row.dump();
  const Paid sum = paid();
  EXPECT_EQ(sum.replies, 1 + 4 * 2);
  EXPECT_EQ(sum.lost, 4) << "what was under way is charged at its reservation";
  EXPECT_EQ(sum.cost, second.spent);
}

TEST_F(BenchTest, AStopLetsTheRunsUnderWayEndAndBeginsNone) {
  say(scripts(R"(, "delay_ms": 200)"));
  plan.jobs = 2;
  const Session first = bench("state", [](Bench& run, const BenchProgress& progress) {
    if (progress.row == nullptr) run.stop();
  });
  EXPECT_THAT(first.rows, SizeIs(2));
  const Session second = bench();
  EXPECT_THAT(second.rows, SizeIs(kTaskCount));
  EXPECT_EQ(paid().replies, static_cast<int>(kTaskCount));
}

TEST_F(BenchTest, AChangedTaskIsNotTakenForTheOneBefore) {
  say(scripts(R"(, "delay_ms": 400)"));
  bench("state", [](Bench& run, const BenchProgress& progress) {
    if (progress.running == 0) return;
    run.stop();
    run.stop();
  });
  say(scripts(""));
  folder.write("tasks.jsonl",
               R"({"id": "t1", "prompt": "sum 4", "score": {"type": "number", "answer": 4}}
)");
  const Session session = bench();
  ASSERT_THAT(session.rows, SizeIs(1));
  EXPECT_EQ(session.rows.begin()->second["answer"], "4");
}

}  // namespace
}  // namespace pareto
