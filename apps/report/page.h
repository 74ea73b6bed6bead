#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/core/event.h"
#include "agent/core/json.h"
#include "apps/report/report.h"

namespace pareto::reporting {

// What a page shows beside the report.
struct PageSource {
  std::string version;               // of the program
  std::string command;               // that makes this page again
  std::vector<std::string> folders;  // as ReportRow::folder counts them
  std::vector<Json> manifests;       // of each folder its bench.json, or null
  // The events of a row's run; an error says why there are none.
  std::function<Result<std::vector<Event>>(const ReportRow&)> events;
};

// One self-contained HTML page: no script, nothing from elsewhere, light and dark, usable with a
// keyboard and on a phone. Everything of rows and runs is escaped, and a content security policy
// lets nothing run should that ever fail. Trajectories are embedded up to a bound.
std::string html_report(const Report& report, const PageSource& source);

}  // namespace pareto::reporting
