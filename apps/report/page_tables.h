#pragma once

#include <string>
#include <vector>

#include "apps/report/figure_tables.h"
#include "apps/report/report.h"

// The parts of the page that are tables of figures, as HTML.

namespace pareto::reporting {

// A table with a header row and a header column. `cells` are HTML already.
std::string html_table(const std::vector<std::string>& header,
                       const std::vector<std::vector<std::string>>& rows);

std::string figure_table_html(const FigureTable& table);
std::string success_and_cost_html(const CostSection& section);
std::string effort_html(const CostSection& section);
std::string classes_html(const CostSection& section);
std::string verdicts_html(const CostSection& section);
std::string comparisons_html(const CostSection& section);

}  // namespace pareto::reporting
