#pragma once

#include "agent/core/json.h"
#include "apps/report/report.h"

namespace pareto::reporting {

// The report for machines: {"notes":[],"suites":[{"suite","suite_hash","rows","tasks",...,
// "cost_models":[{"cost_model","arms":[],"classes":[],"frontier":{},"comparisons":[],"plan":[]}],
// "prices":[]}]}. Money in USD as numbers; shares in 0..1; intervals as [low, high]. Unknown is
// null, infinite is null too (a cost of a success without a pass: see "passes").
Json json_report(const Report& report);

}  // namespace pareto::reporting
