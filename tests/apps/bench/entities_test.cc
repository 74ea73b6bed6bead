#include "apps/bench/entities.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pareto {
namespace {

Event step(std::vector<ToolCall> calls) {
  return {.payload = StepBegun{.calls = std::move(calls)}};
}
Event shown(std::string call, std::string text, ResultStatus status = ResultStatus::ok) {
  return {.payload = StepEnded{
              .result = {.call_id = std::move(call), .status = status, .text = std::move(text)}}};
}

TEST(EntitiesTest, OnlyOpenedPassagesAreObtained) {
  const std::vector<Event> events{
      step({{"c1", "search", "{}"}}),
      shown("c1", "[7] Reed Medal\nA medal."),
      step({{"c2", "open", R"({"id": "3"})"}, {"c3", "open", R"({"id": "9"})"}}),
      shown("c2", "[3] Orrin Mill\nA mill."),
      shown("c3", "There is no passage 9.", ResultStatus::error),
      step({{"c4", "open", R"({"id": "3"})"}}),
      shown("c4", "[3] Orrin Mill\nA mill."),
      step({{"c5", "finish", R"({"answer": "x"})"}}),
  };
  EXPECT_EQ(trace_entities({"3", "7", "9"}, events),
            (EntityTrace{.required = {"3", "7", "9"}, .obtained = {"3"}, .actions = 4}));
  EXPECT_EQ(
      trace_entities({"Reed Medal", "Orrin Mill"}, events),
      (EntityTrace{
          .required = {"Reed Medal", "Orrin Mill"}, .obtained = {"Orrin Mill"}, .actions = 4}))
      << "by title, where a task names titles";
}

TEST(EntitiesTest, StepsOfThePlannerAreNoActions) {
  std::vector<Event> events{step({{"c1", "open", "{}"}}), shown("c1", "[1] A\nx")};
  std::get<StepBegun>(events[0].payload).from_planner = true;
  EXPECT_EQ(trace_entities({"1"}, events), (EntityTrace{.required = {"1"}}));
}

TEST(EntitiesTest, ATaskNamesThemInItsMetadata) {
  EXPECT_EQ(required_entities({.metadata = R"({"required": ["1", "A"]})"}),
            (std::vector<std::string>{"1", "A"}));
  EXPECT_TRUE(required_entities({}).empty());
  EXPECT_TRUE(required_entities({.metadata = R"({"required": 5})"}).empty());
}

}  // namespace
}  // namespace pareto
