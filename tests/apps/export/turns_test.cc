#include "apps/export/turns.h"

#include "tests/apps/export/export_fixture.h"

namespace pareto::exporting {
namespace {

// What happened, a letter each.
std::string kinds_of(const RunTurns& turns) {
  std::string kinds;
  for (const Happening& happening : turns.happenings) kinds += "PMSCVR"[happening.index()];
  return kinds;
}

TEST(TurnsTest, AResultBelongsToTheCallThatAskedForIt) {
  const RunTurns turns = turns_of_golden("agentic_repair");
  EXPECT_EQ(kinds_of(turns), "PPMPMMMV");
  const auto& second = std::get<ModelTurn>(turns.happenings[4]);
  EXPECT_EQ(second.request.call.value, "call-2");
  ASSERT_EQ(second.tools.size(), 1U);
  EXPECT_EQ(second.tools[0].call.name, "view");
  EXPECT_TRUE(second.tools[0].begun);
  EXPECT_EQ(second.tools[0].result->text, "done");
  // Ids of calls may repeat: this one is another's.
  EXPECT_EQ(std::get<ModelTurn>(turns.happenings[5]).tools[0].call.name, "edit");
}

TEST(TurnsTest, ACallKnowsTheHistoryThatWasSent) {
  const RunTurns turns = turns_of_golden("agentic_repair");
  std::vector<std::size_t> sizes;
  for (const Happening& happening : turns.happenings) {
    if (const auto* turn = std::get_if<ModelTurn>(&happening)) {
      sizes.push_back(turn->history.size());
      EXPECT_FALSE(turn->compacted);
    }
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 4, 6, 8}));
}

TEST(TurnsTest, CallsOfAPlannerAndCompactionsAreTheirOwn) {
  const RunTurns turns = turns_of_golden("instant_repair");
  EXPECT_EQ(kinds_of(turns), "PPMSVCCMSV");
  const auto& step = std::get<PlannerStep>(turns.happenings[3]);
  EXPECT_EQ(step.tools[0].result->paths, std::vector<std::string>{"gcd.py"});
  EXPECT_TRUE(std::get<ModelTurn>(turns.happenings[7]).compacted);
  EXPECT_EQ(std::get<ModelTurn>(turns.happenings[7]).history.size(), 2U);
}

TEST(TurnsTest, AnInterruptedCallHasTheResultThatItsNextOwnerGaveIt) {
  const auto turns = turns_of(interrupted_events());
  ASSERT_TRUE(turns.has_value());
  EXPECT_EQ(kinds_of(*turns), "PPMPMR");
  EXPECT_EQ(std::get<ModelTurn>(turns->happenings[4]).tools[0].result->status,
            ResultStatus::interrupted);
}

TEST(TurnsTest, WhatHasNoEndLastsUntilTheLastEvent) {
  auto events = golden_events("agentic_repair");
  events.resize(9);
  const auto turns = turns_of(events);
  ASSERT_TRUE(turns.has_value());
  const ToolUse& use = std::get<ModelTurn>(turns->happenings[4]).tools[0];
  EXPECT_TRUE(use.begun);
  EXPECT_FALSE(use.result.has_value());
  EXPECT_EQ(use.ended_at, events.back().at);
}

TEST(TurnsTest, EveryBeginningOfARunCanBeTold) {
  for (const char* name :
       {"agentic_repair", "agentic_wrap_up", "instant_repair", "reasoning_question"}) {
    const auto events = golden_events(name);
    for (std::size_t count = 1; count <= events.size(); ++count) {
      EXPECT_TRUE(turns_of(std::span(events).first(count)).has_value()) << name << " " << count;
    }
  }
}

TEST(TurnsTest, EventsThatContradictEachOtherAreAnError) {
  EXPECT_EQ(turns_of({}).error().code, ErrorCode::invalid);
  auto events = golden_events("agentic_repair");
  events.erase(events.begin() + 5);
  EXPECT_EQ(turns_of(events).error().code, ErrorCode::internal);
}

TEST(TurnsTest, ArgumentsAreAnObjectOrNothing) {
  EXPECT_EQ(arguments_of({"i", "n", R"({"a":1})"}), Json({{"a", 1}}));
  EXPECT_EQ(arguments_of({"i", "n", ""}), Json::object());
  EXPECT_EQ(arguments_of({"i", "n", "[1]"}), std::nullopt);
  EXPECT_EQ(arguments_of({"i", "n", "{"}), std::nullopt);
}

TEST(TurnsTest, TimesAreUtc) {
  EXPECT_EQ(iso_time(instant_from_ms(1'700'000'000'250)), "2023-11-14T22:13:20.250Z");
  EXPECT_EQ(iso_time(instant_from_ms(-1)), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace pareto::exporting
