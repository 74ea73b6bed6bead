#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/core/planner.h"
#include "agent/core/run.h"
#include "tests/support/pure_driver.h"

namespace pareto {

inline Money usd(const char* text) { return *Money::parse(text); }

// A run that grows by whole turns, told as events.
class TurnStory {
 public:
  struct Setting {
    Limits limits;
    Mode mode = Mode::agentic;
    ModelInfo model{.name = "local",
                    .context = 16'384,
                    .max_output_tokens = 1'000,
                    .price = Price{usd("1"), usd("0.1"), usd("1"), usd("4")}};
    Recall recall;
  };

  TurnStory() : TurnStory(Setting()) {}
  explicit TurnStory(Setting setting) {
    tell(testing::started_with({.id = "t", .prompt = "Do it."}, setting.limits));
    tell(Recalled{setting.recall});
    tell(Routed{{.mode = setting.mode, .model = "local"}, setting.model});
    tell(Planned{{{.role = Role::system, .text = "You work with tools."},
                  {.role = Role::user, .text = "Do it."}},
                 {"edit", "view"}});
  }

  void tell(Payload payload) {
    now += Milliseconds(10);
    const auto applied = run.apply({run->seq + 1, now, std::move(payload)});
    ASSERT_TRUE(applied) << applied.error().message;
  }

  // One call of the model that ends in tool calls, and their results.
  void turn(const std::vector<ToolCall>& calls, const std::string& result,
            Usage usage = {.prompt_tokens = 100, .completion_tokens = 10}) {
    ask(calls, usage);
    tell(StepBegun{calls});
    for (const ToolCall& call : calls) tell(StepEnded{{.call_id = call.id, .text = result}});
  }
  void turn(const std::string& name, const std::string& result) {
    turn({{"c", name, "{}"}}, result);
  }
  void ask(std::vector<ToolCall> calls,
           Usage usage = {.prompt_tokens = 100, .completion_tokens = 10}) {
    const CallId id{"call-" + std::to_string(run->receipt.model_calls)};
    tell(CallBegun{.call = id, .model = "local", .history_hash = run->history.hash()});
    tell(CallEnded{.call = id,
                   .settled = run->model.price ? cost_of(usage, *run->model.price) : Money(),
                   .usage = usage,
                   .message = Message{.role = Role::assistant, .tool_calls = std::move(calls)}});
  }

  Run run;
  Instant now = instant_from_ms(1'700'000'000'000);
};

template <class T>
const T* decided(const Action& action) {
  const auto* decide = std::get_if<Decide>(&action);
  return decide == nullptr ? nullptr : std::get_if<T>(&decide->payload);
}

inline bool passes_call(const Action& action) { return std::holds_alternative<CallModel>(action); }

}  // namespace pareto
