#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "apps/bench/bench.h"
#include "tests/tools/fixture.h"

namespace pareto {

// Four sums that the scripted model gets right, and one that it gets wrong.
inline constexpr const char* kTasks =
    R"({"id": "t1", "prompt": "sum 1", "score": {"type": "number", "answer": 1}}
{"id": "t2", "prompt": "sum 2", "score": {"type": "number", "answer": 2}}
{"id": "t3", "prompt": "sum 3", "score": {"type": "number", "answer": 3}}
{"id": "t4", "prompt": "sum 4", "score": {"type": "number", "answer": 4}}
{"id": "t5", "prompt": "sum 5", "score": {"type": "number", "answer": 6}}
)";
inline constexpr std::size_t kTaskCount = 5;

// Every call reports 100 prompt and 10 completion tokens: 0.000120 USD at the prices below.
inline constexpr Money kCallCost = Money::nanos(120'000);

inline std::string scripts(const std::string& more) {
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
           set("limits.usd", limit), set("limits.turns", 10), set("limits.seconds", 600),
           set("state", folder / state)}}});
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }

  // One process: opens what is there, runs the bench, closes everything.
  struct Session {
    std::map<RowKey, Json> rows;
    Money spent;
    std::size_t not_started = 0;
    Money needed;
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
    session.not_started = run.not_started();
    session.needed = run.needed();
    EXPECT_GE(run.spent(), rows->spent());
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
  std::string limit = "0.05";  // of each run, in USD
};

// What may differ between two benches of the same plan.
inline Json comparable(Json row) {
  for (const char* key : {"run", "seconds", "model_seconds"}) row.erase(key);
  return row;
}

inline std::map<RowKey, Json> comparable(const std::map<RowKey, Json>& rows) {
  std::map<RowKey, Json> result;
  for (const auto& [key, row] : rows) result[key] = comparable(row);
  return result;
}

}  // namespace pareto
