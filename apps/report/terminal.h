#pragma once

#include <string>

#include "apps/report/report.h"

namespace pareto::reporting {

// The report for a terminal: plain text without control characters but line ends.
std::string terminal_report(const Report& report);

// Its main tables only: success, cost and effort by arm and by class, and what auto chose.
std::string terminal_summary(const Report& report);

// One sentence each of a comparison, for the terminal and the page: what was compared and the
// verdict, "auto/local against instant/local on 12 tasks (list price): cheaper and not worse".
std::string verdict_line(const offline::Comparison& comparison, const CostSection& section);

// Of a comparison: what varies, and so what a sequel needs.
std::string advice_line(const offline::Comparison& comparison);

}  // namespace pareto::reporting
