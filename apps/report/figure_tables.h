#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/report/report.h"

namespace pareto::reporting {

struct FigureCell {
  std::string figure;
  std::string interval = {};  // what is known of its error; may be empty
};

// A table that the terminal and the page show alike. Its texts are as rows have them: whoever
// writes them escapes them. The first column names the row.
struct FigureTable {
  std::string title;
  std::string says;  // what the figures are, a sentence
  std::vector<std::string> header;
  std::vector<std::vector<FigureCell>> rows;  // as many cells as the header
  std::vector<std::string> notes;
};

// The cheapest arm of each task: an oracle's cost, and what each arm is worth to it. Nothing for
// one arm, and without a task that all ran at a known cost.
std::optional<FigureTable> frontier_table(const CostSection& section);

// Tasks that a sequel needs; nothing without `--plan`.
std::optional<FigureTable> plan_table(const CostSection& section);

// Every notion of cost, side by side.
FigureTable prices_table(const SuiteReport& suite);

// What `auto` chose; no rows when nothing was run in auto.
FigureTable auto_table(const SuiteReport& suite);

// The tables that only some rows bear: what repeats tell, retries, the ranking of three arms or
// more, what was read of required passages. Each is there only where it has something to say.
std::vector<FigureTable> further_tables(const SuiteReport& suite);

}  // namespace pareto::reporting
