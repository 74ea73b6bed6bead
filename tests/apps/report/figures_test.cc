#include "apps/report/figures.h"

#include <gtest/gtest.h>

#include <limits>

namespace pareto::reporting {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(FiguresTest, MoneyIsReadableAtEverySize) {
  EXPECT_EQ(usd(0.000485052), "0.000485");
  EXPECT_EQ(usd(12.3456), "12.35");
  EXPECT_EQ(usd(kInfinity), "none");
  EXPECT_EQ(usd(std::optional<double>()), "?");
  EXPECT_EQ(usd_interval(offline::Interval{-0.1, kInfinity}), "[0, inf]");
  EXPECT_EQ(usd_interval(std::nullopt), "");
  EXPECT_EQ(usd_interval(offline::Interval{kInfinity, kInfinity}), "") << "says nothing";
}

TEST(FiguresTest, SharesAndDifferencesHaveTheirUnits) {
  EXPECT_EQ(percent(0.667), "67 %");
  EXPECT_EQ(percent_interval({0.386, 0.861}), "[39, 86]");
  EXPECT_EQ(points_interval(offline::Interval{-0.031, 0.28}), "[-3.1, +28.0]");
  EXPECT_EQ(change(-0.2), "-20 %");
  EXPECT_EQ(change(kInfinity), "inf");
  EXPECT_EQ(times(1.254), "x 1.25");
  EXPECT_EQ(times(kInfinity), "none");
  EXPECT_EQ(times_interval(offline::Interval{0.5, kInfinity}), "[0.50, inf]");
  EXPECT_EQ(counted(1, "task") + ", " + counted(0, "row"), "1 task, 0 rows");
  EXPECT_EQ(p_value(0.0004), "<0.001");
  EXPECT_EQ(p_value(0.0312), "0.031");
}

TEST(FiguresTest, TextsOfRowsCanNotSteerATerminalOrBreakATable) {
  EXPECT_EQ(plain("a\x1b[31mb\nc\td\x7f"), "a [31mb c d ");
  EXPECT_EQ(plain("caf\xC3\xA9 \xC2\x9B"
                  "31m"),
            "caf\xC3\xA9  31m");
  EXPECT_EQ(plain("\xFF"), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace pareto::reporting
