#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/core/json_text.h"
#include "agent/core/planner.h"
#include "tests/support/pure_driver.h"

namespace pareto {

inline Money usd(const char* text) { return *Money::parse(text); }

inline ModelInfo small_model() {
  return {.name = "local",
          .context = 16'384,
          .max_output_tokens = 2'048,
          .price = Price{usd("0.926"), usd("0"), usd("0.926"), usd("3.7")},
          .tools = ToolDialect::schema,
          .small = true};
}

// gcd.py with its test, a check that fails, and the tools that go with it.
inline Task repair_task() {
  return {.id = "gcd",
          .prompt = "tests.py fails. Find and fix the bug in gcd.py.",
          .files = {{"gcd.py",
                     "def gcd(a, b):\n    if b == 0:\n        return a\n"
                     "    return gcd(a % b, b)\n"},
                    {"tests.py", "from gcd import gcd\nassert gcd(35, 21) == 7\n"}},
          .verify = CheckCommand{"python3 tests.py", Milliseconds(10'000)}};
}

inline Task question_task() { return {.id = "sum", .prompt = "What is 17 + 25?"}; }

inline Task corpus_task() {
  return {.id = "hop", .prompt = "Who wrote Emma?", .corpus = "/corpus.jsonl"};
}

// What a workbench would find for a task.
inline Recall recall_of(const Task& task) {
  Recall recall{.tools = {"edit", "finish", "run_tests", "view", "write"}};
  for (const auto& [path, text] : task.files) {
    recall.briefing.files.push_back({path, text});
    recall.briefing.total_files += 1;
    recall.briefing.total_bytes += static_cast<std::int64_t>(text.size());
  }
  if (task.verify) recall.briefing.check_output = "RecursionError: maximum depth\n";
  if (!task.corpus.empty()) {
    recall.tools = {"finish", "open", "search"};
    recall.briefing.corpus_passages = 1'000;
    recall.briefing.passages = {{"p1", "Emma", "Emma is a novel by Jane Austen."},
                                {"p2", "Jane", "Jane Austen was a writer."}};
  }
  return recall;
}

inline testing::ScriptedWorld world_of(const Task& task) {
  testing::ScriptedWorld world{.recall = recall_of(task), .model = small_model()};
  world.tool = [](const Run&, const ToolCall& call) {
    ToolResult result{.text = "done"};
    if (call.name == "write" || call.name == "edit") {
      result.changed_workspace = true;
      const auto arguments = parse_json(call.arguments);
      if (arguments && arguments->contains("path")) {
        result.paths = {(*arguments)["path"].get<std::string>()};
      }
    }
    return result;
  };
  return world;
}

inline testing::ScriptedReply saying(std::string text) { return {.text = std::move(text)}; }

inline testing::ScriptedReply calling(const std::string& name, const std::string& arguments,
                                      const std::string& id = "c") {
  return {.calls = {{id, name, arguments}}, .finish_reason = FinishReason::tool_calls};
}

inline testing::ScriptedReply finishing(const std::string& answer) {
  return calling("finish", dump_json({{"answer", answer}}), "f");
}

inline const std::string kFixedGcd =
    "def gcd(a, b):\n    if b == 0:\n        return a\n    return gcd(b, a % b)\n";

inline std::string fenced_gcd() { return "```python\n" + kFixedGcd + "```\n"; }

// What one run came to.
struct Trajectory {
  std::optional<Outcome> outcome;
  std::vector<Event> events;

  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const Event& event : events) {
      if (const auto* payload = std::get_if<T>(&event.payload)) found.push_back(*payload);
    }
    return found;
  }
};

inline Trajectory drive(const Planner& planner, const Task& task, testing::ScriptedWorld world,
                        Limits limits = {}, std::vector<Concern> concerns = {}) {
  testing::PureDriver driver(std::move(world), planner, std::move(concerns));
  driver.start(testing::started_with(task, limits));
  auto outcome = driver.drive();
  EXPECT_TRUE(outcome) << "the run did not end";
  return {std::move(outcome), driver.events()};
}

// Ends the run at every event and lets another owner go on: each time the same requests must come,
// with no message said twice.
inline void expect_same_story_after_any_crash(const Planner& planner, const Task& task,
                                              const testing::ScriptedWorld& world) {
  const Trajectory whole = drive(planner, task, world);
  const std::vector<std::string> idempotent{"edit", "finish", "run_tests", "view", "write"};
  const auto whole_run = Run::replay(whole.events);
  ASSERT_TRUE(whole_run);
  for (std::size_t kept = 1; kept < whole.events.size(); ++kept) {
    testing::ScriptedWorld rest = world;
    const std::span<const Event> events(whole.events.data(), kept);
    for (const Event& event : events) {
      if (std::holds_alternative<CallEnded>(event.payload)) rest.replies.pop_front();
      if (std::holds_alternative<Verified>(event.payload) && rest.verdicts.size() > 1) {
        rest.verdicts.pop_front();
      }
    }
    testing::PureDriver driver(rest, planner);
    ASSERT_NO_FATAL_FAILURE(driver.resume(events, idempotent));
    driver.drive();
    EXPECT_EQ(driver.run()->history, (*whole_run)->history) << "killed after event " << kept;
    EXPECT_EQ(driver.run()->revision, (*whole_run)->revision) << "killed after event " << kept;
    ASSERT_TRUE(driver.run()->outcome);
    EXPECT_EQ(driver.run()->outcome->answer, whole.outcome->answer);
    EXPECT_EQ(driver.run()->outcome->status, whole.outcome->status);
  }
}

}  // namespace pareto
