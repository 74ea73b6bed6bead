#include "apps/export/atif.h"

#include <cmath>
#include <set>

#include "tests/apps/export/export_fixture.h"

namespace pareto::exporting {
namespace {

TEST(AtifTest, WholeRunsAreAsExpected) {
  for (const std::string name :
       {"agentic_repair", "agentic_wrap_up", "instant_repair", "reasoning_question"}) {
    expect_golden(name + ".atif.json", atif_trajectory(turns_of_golden(name), "0.1.0"));
  }
}

TEST(AtifTest, AnInterruptedRunIsAsExpected) {
  expect_golden("interrupted.atif.json", atif_trajectory(*turns_of(interrupted_events()), "0.1.0"));
}

// What the format demands of every document, however far its run came, checked one by one.
void expect_valid(const Json& document, const std::string& what) {
  std::int64_t expected = 1;
  std::int64_t prompt_tokens = 0;
  double cost = 0;
  ASSERT_FALSE(document["steps"].empty()) << what;
  for (const Json& step : document["steps"]) {
    EXPECT_EQ(step["step_id"], expected++) << what;
    EXPECT_TRUE(step["message"].is_string()) << what;
    const bool agent = step["source"] == "agent";
    for (const char* key : {"model_name", "reasoning_content", "tool_calls", "metrics"}) {
      EXPECT_TRUE(agent || !step.contains(key)) << what << ": " << key;
    }
    std::set<std::string> ids;
    for (const Json& call : step.value("tool_calls", Json::array())) {
      ids.insert(call["tool_call_id"].get<std::string>());
      EXPECT_TRUE(call["arguments"].is_object()) << what;
    }
    if (step.contains("observation")) {
      for (const Json& result : step["observation"]["results"]) {
        const bool known = !result.contains("source_call_id") ||
                           ids.contains(result["source_call_id"].get<std::string>());
        EXPECT_TRUE(known) << what;
      }
    }
    if (!step.contains("metrics")) continue;
    EXPECT_NE(step["llm_call_count"], 0) << what;
    prompt_tokens += step["metrics"].value("prompt_tokens", std::int64_t{0});
    cost += step["metrics"].value("cost_usd", 0.0);
  }
  const Json& total = document["final_metrics"];
  EXPECT_EQ(total["total_prompt_tokens"], prompt_tokens) << what;
  EXPECT_EQ(total["total_steps"], document["steps"].size()) << what;
  EXPECT_NEAR(total["total_cost_usd"].get<double>(), cost, 1e-9) << what;
}

TEST(AtifTest, EveryBeginningOfARunIsAValidDocumentThatAddsUp) {
  for (const std::string name :
       {"agentic_repair", "agentic_wrap_up", "instant_repair", "reasoning_question"}) {
    const auto events = golden_events(name);
    for (std::size_t count = 1; count <= events.size(); ++count) {
      expect_valid(atif_trajectory(*turns_of(std::span(events).first(count)), "0.1.0"),
                   name + " " + std::to_string(count));
    }
  }
}

TEST(AtifTest, ACallThatWasLostKeepsItsCost) {
  auto events = golden_events("agentic_repair");
  events.resize(5);
  auto run = *Run::replay(events);
  for (Payload& payload : close_interrupted(run, {})) {
    events.push_back({run->seq + 1, run->last_at, std::move(payload)});
    ASSERT_TRUE(run.apply(events.back()).has_value());
  }
  const Json document = atif_trajectory(*turns_of(events), "0.1.0");
  expect_valid(document, "lost");
  const Json& step = document["steps"].back();
  EXPECT_EQ(step["message"], "");
  EXPECT_EQ(step["metrics"]["cost_usd"], 0.008168388);
  EXPECT_EQ(step["extra"]["error"]["code"], "cancelled");
}

TEST(AtifTest, ArgumentsThatAreNoJsonAreKeptBesideAnEmptyObject) {
  auto events = golden_events("agentic_repair");
  events.resize(8);
  std::get<CallEnded>(events[7].payload).message->tool_calls[0].arguments = "{oops";
  const Json document = atif_trajectory(*turns_of(events), "0.1.0");
  EXPECT_EQ(document["steps"].back()["tool_calls"][0],
            Json({{"tool_call_id", "c"},
                  {"function_name", "view"},
                  {"arguments", Json::object()},
                  {"extra", {{"invalid_arguments", "{oops"}}}}));
}

TEST(AtifTest, TheWorkOfAForeignAgentIsOneStep) {
  auto events = golden_events("agentic_repair");
  auto& started = std::get<Started>(events[0].payload);
  started.asked_mode = "agent:other";
  Finished finished = std::get<Finished>(events.back().payload);
  finished.outcome.receipt.usage[0] = {.prompt_tokens = 70, .completion_tokens = 7};
  events = {events[0], {2, events[0].at + Milliseconds(9), finished}};
  const Json document = atif_trajectory(*turns_of(events), "0.1.0");
  EXPECT_EQ(document["agent"]["name"], "other");
  expect_valid(document, "foreign");
  ASSERT_EQ(document["steps"].size(), 2U);
  EXPECT_EQ(document["steps"][1]["message"], "The arguments were swapped.");
  EXPECT_EQ(document["steps"][1]["llm_call_count"], 4);
}

}  // namespace
}  // namespace pareto::exporting
