#pragma once

#include <string>

#include "apps/report/report.h"

namespace pareto::reporting {

// The summaries, one line an arm, class and cost model (RFC 4180 with \n). `class` is "*" for all
// classes. Unknown is empty, "inf" says that nothing was passed. A text that a spreadsheet would
// take for a formula gets a ' in front.
std::string csv_report(const Report& report);

// One quoted or plain field.
std::string csv_field(std::string_view text);

}  // namespace pareto::reporting
