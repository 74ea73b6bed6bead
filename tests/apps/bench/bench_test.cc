#include "apps/bench/bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/core/json_fields.h"
#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Four sums that the scripted model gets right, and one that it gets wrong.
constexpr const char* kTasks =
    R"({"id": "t1", "prompt": "sum 1", "score": {"type": "number", "answer": 1}}
{"id": "t2", "prompt": "sum 2", "score": {"type": "number", "answer": 2}}
{"id": "t3", "prompt": "sum 3", "score": {"type": "number", "answer": 3}}
{"id": "t4", "prompt": "sum 4", "score": {"type": "number", "answer": 4}}
{"id": "t5", "prompt": "sum 5", "score": {"type": "number", "answer": 6}}
)";
constexpr std::size_t kTaskCount = 5;

// Every call reports 100 prompt and 10 completion tokens: 0.000120 USD at the prices below.
constexpr Money kCallCost = Money::nanos(120'000);

std::string scripts(const std::string& more) {
  std::string text = R"({"scripts": [)";
  for (const char n : std::string("12345")) {
    text += std::string(n == '1' ? "" : ",") + R"({"match": "sum )" + n +
            R"(", "repeat_last": true, "replies": [{"text": ")" + n +
            R"(", "usage": {"prompt_tokens": 100, "completion_tokens": 10})" + more + "}]}";
  }
  return text + "]}";
}

class BenchTest : public testing::Test {
 protected:
  void SetUp() override {
    if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
    folder.write("tasks.jsonl", kTasks);
    say(scripts(""));
    plan.modes = {"instant"};
    plan.models = {"m"};
  }

  void say(const std::string& script) { folder.write("script.json", script); }

  Config config(const std::string& state) const {
    const auto set = [](const char* path, Json value) {
      return Setting{path, std::move(value), "test"};
    };
    auto made = make_config(
        {{{set("models.m.engine", "scripted"), set("models.m.script", folder / "script.json"),
           set("models.m.price.input", "1"), set("models.m.price.output", "2"),
           set("models.m.max_output_tokens", 256), set("policy.default_model", "m"),
           set("limits.usd", "0.05"), set("limits.turns", 10), set("limits.seconds", 600),
           set("state", folder / state)}}});
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }

  // One process: opens what is there, runs the bench, closes everything.
  struct Session {
    std::map<RowKey, Json> rows;
    Money spent;
    bool out_of_budget = false;
    std::vector<Json> appended;
    BenchProgress last;
  };
  using Hook = std::function<void(Bench&, const BenchProgress&)>;
  Session bench(const std::string& state = "state", const Hook& hook = {}) {
    std::filesystem::create_directories(folder / state);
    auto suite = read_suite(folder / "tasks.jsonl").value();
    auto rows = ResultRows::open(folder / (state + "/results.jsonl"), suite.hash);
    auto system = System::open(config(state), {.models = {"m"}, .memory = false});
    EXPECT_TRUE(rows) << rows.error().message;
    EXPECT_TRUE(system) << system.error().message;
    Session session;
    Bench run(**system, suite, plan, *rows);
    auto done = run.run([&](const BenchProgress& progress) {
      if (progress.row != nullptr) session.appended.push_back(*progress.row);
      session.last = progress;
      session.last.row = nullptr;
      if (hook) hook(run, progress);
    });
    EXPECT_TRUE(done) << done.error().message;
    session.rows = rows->rows();
    session.spent = rows->spent();
    session.out_of_budget = run.out_of_budget();
    return session;
  }

  struct Paid {
    int replies = 0;  // durable ones
    int lost = 0;
    Money cost;
  };
  // What the journal says was paid, over every run that there ever was.
  Paid paid(const std::string& state = "state") {
    auto system = System::open(config(state), {.models = {"m"}, .memory = false});
    EXPECT_TRUE(system) << system.error().message;
    Paid sum;
    auto page = (*system)->journal().list({.limit = 1000});
    EXPECT_TRUE(page);
    for (const RunSummary& run : page->runs) {
      const auto events = (*system)->journal().load(run.run);
      EXPECT_TRUE(events);
      for (const Event& event : *events) {
        const auto* ended = std::get_if<CallEnded>(&event.payload);
        if (ended == nullptr) continue;
        ++(ended->message ? sum.replies : sum.lost);
        sum.cost += ended->settled;
      }
    }
    return sum;
  }

  TempFolder folder;
  BenchPlan plan;
};

// What may differ between two benches of the same plan.
Json comparable(Json row) {
  for (const char* key : {"run", "seconds", "model_seconds"}) row.erase(key);
  return row;
}

std::map<RowKey, Json> comparable(const std::map<RowKey, Json>& rows) {
  std::map<RowKey, Json> result;
  for (const auto& [key, row] : rows) result[key] = comparable(row);
  return result;
}

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

TEST_F(BenchTest, StopsBeforeTheBudgetOfAllRunsIsExceeded) {
  // Every call costs 0.0007 USD: much of the 0.0015 that it may cost at most.
  std::string dear = scripts("");
  for (std::size_t at = 0; (at = dear.find("100, \"completion_tokens\": 10}", at)) != dear.npos;) {
    dear.replace(at, 29, "300, \"completion_tokens\": 200}");
  }
  say(dear);
  plan.usd = Money::nanos(4'000'000);
  plan.repeats = 3;
  plan.jobs = 4;
  const Session session = bench();
  EXPECT_TRUE(session.out_of_budget);
  EXPECT_LE(paid().cost, *plan.usd);
  EXPECT_GE(session.rows.size(), 1U);
  EXPECT_LT(session.rows.size(), kTaskCount * 3);
  for (const auto& [key, row] : session.rows) {
    EXPECT_EQ(row["status"], "success") << "a run that the others left too little says nothing";
  }

  plan.usd = Money::nanos(1'000'000'000);
  const Session more = bench();
  EXPECT_FALSE(more.out_of_budget);
  EXPECT_THAT(more.rows, SizeIs(kTaskCount * 3));
}

TEST_F(BenchTest, ATaskWhoseOwnLimitIsTooSmallHasItsRow) {
  folder.write("tasks.jsonl", R"({"id": "t1", "prompt": "sum 1", "limits": {"usd": "0.000000001"}}
)");
  const Session session = bench();
  ASSERT_THAT(session.rows, SizeIs(1));
  EXPECT_EQ(session.rows.begin()->second["status"], "limit");
  EXPECT_EQ(session.rows.begin()->second["reason"], "refused_budget");
  EXPECT_FALSE(session.out_of_budget);
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
