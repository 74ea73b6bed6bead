#pragma once

#include <string>
#include <vector>

#include "agent/core/ports.h"

namespace pareto {

inline Money usd(const char* text) { return Money::parse(text).value(); }

inline ModelInfo small_model() {
  ModelInfo model;
  model.name = "local";
  model.price = Price{usd("0.926"), Money(), usd("0.926"), usd("3.70")};
  model.small = true;
  return model;
}

inline ModelInfo large_model() {
  ModelInfo model;
  model.name = "big";
  model.context = 200'000;
  model.price = Price{usd("1.25"), usd("0.125"), usd("1.25"), usd("10")};
  return model;
}

// A question with everything it borrows.
struct Asked {
  Task task;
  Recall recall;
  std::vector<ModelInfo> models = {small_model()};
  std::optional<Mode> mode;
  std::optional<std::string> model;
  std::optional<Effort> effort;
  Limits limits;

  Router::Question question() const {
    return {.task = task,
            .recall = recall,
            .models = models,
            .mode = mode,
            .model = model,
            .effort = effort,
            .limits = limits};
  }
};

inline Asked repair_question() {
  Asked asked;
  asked.task.id = "gcd";
  asked.task.prompt = "tests.py fails. Find and fix the bug in gcd.py.";
  asked.task.files = {{"gcd.py", "def gcd(a, b): return a"}, {"tests.py", "assert False"}};
  asked.task.verify = CheckCommand{.command = "python3 tests.py"};
  asked.recall.briefing.files = {{"gcd.py", "def gcd(a, b): return a"},
                                 {"tests.py", "assert False"}};
  asked.recall.briefing.total_files = 2;
  asked.recall.briefing.total_bytes = 36;
  asked.recall.briefing.check_output = "AssertionError";
  return asked;
}

inline Asked word_problem() {
  Asked asked;
  asked.task.id = "sprints";
  asked.task.prompt =
      "James runs 3 sprints 3 times a week. He runs 60 meters each sprint. How many total meters "
      "does he run a week?";
  return asked;
}

inline const Arm& arm_of(const Route& route, Mode mode, std::string_view model = "local") {
  for (const Arm& arm : route.arms) {
    if (arm.mode == mode && arm.model == model) return arm;
  }
  return route.arms.at(route.arms.size());  // throws
}

}  // namespace pareto
