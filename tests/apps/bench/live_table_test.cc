#include "apps/bench/live_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pareto {
namespace {

using testing::HasSubstr;
using testing::Not;

BenchProgress progress() {
  return {.done = 4,
          .all = 10,
          .running = 2,
          .spent = Money::nanos(1'560'000),
          .arms = {{.mode = "agentic",
                    .model = "local",
                    .all = 5,
                    .done = 1,
                    .errors = 1,
                    .successes = 1,
                    .cost = Money::nanos(1'200'000),
                    .tokens = 1'200},
                   {.mode = "instant",
                    .model = "local",
                    .all = 5,
                    .done = 3,
                    .successes = 2,
                    .cost = Money::nanos(360'000),
                    .tokens = 330}}};
}

TEST(LiveTableTest, HasALineForEachArmAndOneForAll) {
  EXPECT_EQ(live_table(progress(), 200, 200, 24),
            "mode / model                    done  success           USD       tokens\n"
            "agentic / local                  1/5    100 %   0.001200000         1200  1 errors\n"
            "instant / local                  3/5     67 %   0.000360000          330\n"
            "all                             4/10     75 %   0.001560000         1530  1 errors"
            "  2 running, 3 min left\n");
}

TEST(LiveTableTest, NoLineWrapsAndASmallTerminalGetsOneLine) {
  const std::string narrow = live_table(progress(), -1, 20, 24);
  EXPECT_EQ(
      narrow,
      "mode / model        \nagentic / local     \ninstant / local     \nall                 \n");
  EXPECT_EQ(live_table(progress(), -1, 200, 3),
            "all                             4/10     75 %   0.001560000         1530  1 errors"
            "  2 running, ? left\n");
  BenchProgress one = progress();
  one.arms = {{.mode = "automaticé", .model = "m", .all = 2}};
  EXPECT_EQ(live_table(one, -1, 200, 24),
            "all                              0/2        -   0.000000000            0"
            "  2 running, ? left\n");
}

TEST(LiveTableTest, ARowThatEndedIsOneLineWhateverTheAgentPlanted) {
  const Json row = {{"task", "gcd"},
                    {"mode", "auto"},
                    {"mode_used", "instant"},
                    {"status", "success"},
                    {"score", 0.0},
                    {"turns", 1},
                    {"seconds", 9.84},
                    {"cost_usd", "0.01"},
                    {"score_note", "removed before scoring: a\nb.pth"}};
  BenchProgress now = progress();
  now.row = &row;
  EXPECT_EQ(row_line(now),
            "   4/10 gcd                  auto       instant    success  score 0       1 turns     "
            "9.8 s 0.01 USD  removed before scoring: a b.pth");
}

TEST(PaceTest, IsThatOfTheRowsWrittenHere) {
  Pace pace;
  EXPECT_LT(pace.seconds_left(10, 5), 0);
  pace.row_written();
  pace.row_written();
  EXPECT_DOUBLE_EQ(pace.seconds_left(10, 5), 25);
  EXPECT_DOUBLE_EQ(pace.seconds_left(10, 0), 0);
}

TEST(SpanTextTest, GrowsCoarser) {
  EXPECT_EQ(span_text(0), "0 s");
  EXPECT_EQ(span_text(89.4), "89 s");
  EXPECT_EQ(span_text(90), "2 min");
  EXPECT_EQ(span_text(3'600), "60 min");
  EXPECT_EQ(span_text(7'800), "2 h 10 min");
  EXPECT_EQ(span_text(-5), "0 s");
  EXPECT_EQ(span_text(1e300), "1000000 h 0 min");
}

}  // namespace
}  // namespace pareto
