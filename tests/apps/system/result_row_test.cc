#include "apps/system/result_row.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pareto {
namespace {

Run run_of(std::vector<Payload> payloads) {
  std::vector<Event> events;
  for (Payload& payload : payloads) {
    const auto seq = static_cast<std::int64_t>(events.size()) + 1;
    events.push_back({seq, Instant(Milliseconds(1'000 * seq)), std::move(payload)});
  }
  auto run = Run::replay(events);
  EXPECT_TRUE(run) << run.error().message;
  return *run;
}

Started started() {
  return {.run = {"01JD0000000000000000000000"},
          .task = {.id = "gcd", .label = "repair", .prompt = "Fix it."},
          .limits = {.turns = 5},
          .asked_mode = "auto",
          .asked_model = "",
          .seed = 7,
          .origin = "bench",
          .config_hash = "c"};
}

Outcome outcome() {
  Outcome outcome{.status = Status::success, .reason = Reason::verified, .answer = "done"};
  Receipt& receipt = outcome.receipt;
  receipt.usage[static_cast<std::size_t>(Spender::agent)] = {.prompt_tokens = 400,
                                                             .cached_prompt_tokens = 100,
                                                             .completion_tokens = 120,
                                                             .reasoning_tokens = 20};
  receipt.usage[static_cast<std::size_t>(Spender::judge)] = {.prompt_tokens = 12,
                                                             .completion_tokens = 11};
  receipt.cost[static_cast<std::size_t>(Spender::agent)] = Money::nanos(800'000);
  receipt.cost[static_cast<std::size_t>(Spender::judge)] = Money::nanos(66'212);
  receipt.cost_estimated = true;
  receipt.turns = 2;
  receipt.tool_calls = 3;
  receipt.model_calls = 3;
  receipt.seconds = Milliseconds(9'800);
  receipt.model_seconds = Milliseconds(9'700);
  return outcome;
}

TEST(ResultRowTest, SaysEverythingOfAFinishedRun) {
  Recall recall;
  recall.neighbours.resize(2);
  Route route{.mode = Mode::instant, .model = "local", .effort = Effort::low, .propensity = 0.94};
  // A cached token costs half a micro-dollar less than another.
  const Price price{.input = Money::nanos(1'000'000'000),
                    .cached_input = Money::nanos(500'000'000),
                    .cache_write = {},
                    .output = Money::nanos(2'000'000'000)};
  const auto run =
      run_of({started(), Recalled{recall}, Routed{route, {.name = "local", .price = price}}});
  const Json expected = Json::parse(R"({
    "schema": 1, "suite": "demo", "suite_hash": "h", "task": "gcd", "class": "repair",
    "repeat": 3, "seed": 7, "mode": "auto", "model": "local", "mode_used": "instant",
    "model_used": "local", "effort_used": "low", "status": "success", "reason": "verified",
    "score": 1.0, "answer": "done", "turns": 2, "tool_calls": 3, "model_calls": 3,
    "prompt_tokens": 412, "cached_prompt_tokens": 100, "completion_tokens": 131,
    "reasoning_tokens": 20, "cost_usd": "0.000866212", "cost_known": true,
    "cost_estimated": true, "overhead_cost_usd": "0.000066212",
    "cost_without_cache_usd": "0.000916212", "seconds": 9.8, "model_seconds": 9.7, "propensity": 0.94, "recalled": 2,
    "run": "01JD0000000000000000000000", "error": null})");
  const Json row = result_row(
      run, outcome(),
      {.suite = "demo", .suite_hash = "h", .repeat = 3, .asked_model = "local", .score = 1.0});
  EXPECT_EQ(row.dump(), expected.dump()) << "the order of keys is part of the format";
}

TEST(ResultRowTest, WhatIsNotKnownIsNull) {
  Started unlabelled = started();
  unlabelled.task.label.clear();
  Outcome failed{.status = Status::error, .reason = Reason::model, .error = "no network"};
  const Json row = result_row(run_of({unlabelled}), failed, {.asked_model = "m"});
  for (const char* key : {"suite", "suite_hash", "class", "mode_used", "model_used", "effort_used",
                          "score", "propensity", "cost_without_cache_usd"}) {
    EXPECT_TRUE(row.at(key).is_null()) << key;
  }
  EXPECT_EQ(row["error"], "no network");
  EXPECT_EQ(row["recalled"], 0);
  EXPECT_EQ(row["cost_usd"], "0.000000000");
  const Json other = result_row(run_of({unlabelled}), failed, {.error = "the scorer broke"});
  EXPECT_EQ(other["error"], "the scorer broke");
}

}  // namespace
}  // namespace pareto
