#include "agent/core/loop_trace.h"

#include <gtest/gtest.h>

#include <string>

#include "agent/core/random.h"

namespace pareto {
namespace {

void add(LoopTrace& trace, const std::string& name, const std::string& result) {
  trace.add({.id = "x", .name = name, .arguments = "{}"}, {.text = result});
}

// Every cycle length and every number of repetitions, spelled out.
int slow_repeats(const std::vector<std::uint64_t>& recent) {
  int most = recent.empty() ? 0 : 1;
  for (std::size_t cycle = 1; cycle <= LoopTrace::kLongestCycle; ++cycle) {
    for (std::size_t times = 2; times * cycle <= recent.size(); ++times) {
      bool same = true;
      for (std::size_t i = recent.size() - times * cycle; i + cycle < recent.size(); ++i) {
        same = same && recent[i] == recent[i + cycle];
      }
      if (same) most = std::max(most, static_cast<int>(times));
    }
  }
  return most;
}

TEST(LoopTraceTest, CountsTheSameCallWithTheSameResult) {
  LoopTrace trace;
  EXPECT_EQ(trace.repeats(), 0);
  for (int i = 1; i <= 6; ++i) {
    add(trace, "run", "fails");
    EXPECT_EQ(trace.repeats(), i);
  }
}

TEST(LoopTraceTest, CountsCyclesOfSeveralCalls) {
  LoopTrace trace;
  for (int i = 0; i < 4; ++i) {
    add(trace, "view", "text");
    add(trace, "edit", "no such text");
    add(trace, "run", "fails");
  }
  EXPECT_EQ(trace.repeats(), 4);
}

TEST(LoopTraceTest, ANewResultIsProgress) {
  LoopTrace trace;
  for (int i = 0; i < 20; ++i) add(trace, "run", std::to_string(i) + " % done");
  EXPECT_EQ(trace.repeats(), 1);
}

TEST(LoopTraceTest, OrderOfKeysAndBlanksDoNotMakeANewCall) {
  LoopTrace trace;
  trace.add({"1", "edit", R"({"a":1,"b":{"d":2,"c":3}})"}, {.call_id = "1", .text = "no"});
  trace.add({"2", "edit", R"({ "b": {"c":3, "d":2}, "a": 1 })"}, {.call_id = "2", .text = "no"});
  EXPECT_EQ(trace.repeats(), 2);
  trace.add({"3", "edit", R"({"a":1,"b":{"d":2,"c":4}})"}, {.call_id = "3", .text = "no"});
  EXPECT_EQ(trace.repeats(), 1);
}

TEST(LoopTraceTest, SurvivesArgumentsThatAreNoJson) {
  LoopTrace trace;
  for (int i = 0; i < 3; ++i) {
    trace.add({"1", "run", "{\"a\": \xff" + std::string(1'000, '[')}, {.text = "invalid"});
  }
  EXPECT_EQ(trace.repeats(), 3);
}

TEST(LoopTraceTest, AgreesWithTheSlowCountAndStaysBounded) {
  SeededRandom random(11);
  for (int round = 0; round < 300; ++round) {
    LoopTrace trace;
    for (int i = 0; i < 50; ++i) {
      add(trace, std::string(1, static_cast<char>('a' + random.next() % 2)), "same");
      ASSERT_EQ(trace.repeats(), slow_repeats(trace.recent));
    }
    EXPECT_EQ(trace.recent.size(), static_cast<std::size_t>(LoopTrace::kKept));
  }
}

}  // namespace
}  // namespace pareto
