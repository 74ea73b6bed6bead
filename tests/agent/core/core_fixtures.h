#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>

#include "agent/core/planner.h"
#include "tests/support/pure_driver.h"

namespace pareto {

inline Money usd(const char* text) { return *Money::parse(text); }

// A planner made of functions: by default a conversation with tools, as the agentic one.
class FakePlanner final : public Planner {
 public:
  std::function<Action(const Run&)> on_next = [](const Run& run) -> Action {
    if (run->answer) return Finish{.status = Status::success, .answer = *run->answer};
    return CallModel{.with_tools = true};
  };
  std::optional<CallModel> wrapping_up =
      CallModel{.only_tool = std::string(kFinishTool), .max_output_tokens = kWrapUpTokens};

  Mode mode() const override { return Mode::agentic; }
  Planned plan(const Run& run) const override {
    return {{{.role = Role::user, .text = run.task().prompt}}, {"edit", "finish", "view"}};
  }
  Action next(const Run& run) const override { return on_next(run); }
  std::optional<CallModel> wrap_up(const Run&) const override { return wrapping_up; }
  std::string answer(const Run& run) const override { return run->answer.value_or(""); }
};

// 1 USD a million prompt tokens, 4 USD a million of the reply.
inline ModelInfo priced_model() {
  return {.name = "local",
          .context = 16'384,
          .max_output_tokens = 1'000,
          .price = Price{usd("1"), usd("0.1"), usd("1"), usd("4")}};
}

inline Task some_task() { return {.id = "t", .prompt = "Do it."}; }

inline Task checked_task() {
  Task task = some_task();
  task.verify = CheckCommand{"make check", Milliseconds(10'000)};
  return task;
}

inline testing::ScriptedWorld world() { return {.model = priced_model()}; }

inline testing::ScriptedReply calling(std::string name, std::string arguments = "{}",
                                      std::string id = "c") {
  return {.calls = {{std::move(id), std::move(name), std::move(arguments)}},
          .finish_reason = FinishReason::tool_calls};
}

inline testing::ScriptedReply finishing(const std::string& answer) {
  return calling("finish", "{\"answer\":\"" + answer + "\"}", "f");
}

// Whether every tool call of the history has exactly one result, right behind its message.
inline ::testing::AssertionResult every_call_has_one_result(const Run& run) {
  const auto messages = run->history.messages();
  for (std::size_t at = 0; at < messages.size(); ++at) {
    const Message& message = *messages[at];
    if (message.role == Role::tool) {
      return ::testing::AssertionFailure() << "a result without a call at message " << at;
    }
    std::vector<std::string> open;
    for (const ToolCall& call : message.tool_calls) open.push_back(call.id);
    while (!open.empty()) {
      if (++at >= messages.size() || messages[at]->role != Role::tool) {
        return ::testing::AssertionFailure() << "call " << open[0] << " has no result";
      }
      const auto found = std::ranges::find(open, messages[at]->tool_call_id);
      if (found == open.end()) {
        return ::testing::AssertionFailure() << "a second result at message " << at;
      }
      open.erase(found);
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace pareto
