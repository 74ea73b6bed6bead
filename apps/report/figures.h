#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policies/offline/interval.h"

// Figures as people read them, the same in the terminal and on the page.

namespace pareto::reporting {

// One line of valid UTF-8 without control characters, for texts of rows in a table's cell.
std::string plain(std::string_view text);

// "1 task", "12 tasks".
std::string counted(std::size_t number, std::string_view what);

// "0.000485", from 1 USD on "12.35"; "none" for infinity: nothing was passed for it.
std::string usd(double value);
std::string usd(const std::optional<double>& value);  // "?" when unknown
// "[0.0004, 0.0006]", "inf" where nothing bounds it; empty without an interval, and of one that
// only holds infinity. An end below 0 is shown as 0: a symmetric interval doesn't know that costs
// are positive.
std::string usd_interval(const std::optional<offline::Interval>& interval);
// "67 %" of 0.667.
std::string percent(double share);
// "[39, 86]", percent.
std::string percent_interval(const offline::Interval& interval);
// "+12.5" and "[-3.1, +28.0]": points of success, of a difference in -1..1.
std::string points(double difference);
std::string points_interval(const std::optional<offline::Interval>& interval);
// "-20 %" of a relative change of -0.2; of a ratio of 0.8 likewise.
std::string change(double relative);
std::string change_interval(const std::optional<offline::Interval>& interval);
// "x 1.25" of a ratio, "none" of an infinite one: the arm passed nothing. "[0.80, inf]".
std::string times(double ratio);
std::string times_interval(const std::optional<offline::Interval>& interval);
// "0.031", "<0.001".
std::string p_value(double p);

}  // namespace pareto::reporting
