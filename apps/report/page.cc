#include "apps/report/page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/report/figure_tables.h"
#include "apps/report/figures.h"
#include "apps/report/markup.h"
#include "apps/report/page_runs.h"
#include "apps/report/page_style.h"
#include "apps/report/page_tables.h"
#include "apps/report/plot.h"
#include "apps/report/reproduce.h"

namespace pareto::reporting {
namespace {

constexpr std::size_t kMostOfTrajectories = std::size_t{16} << 20;
constexpr PlotSize kWide{.width = 720, .height = 420};
constexpr PlotSize kNarrow{.width = 360, .height = 340};

std::string notes_html(const std::vector<std::string>& notes) {
  std::string html;
  for (const std::string& note : notes) html += "<p class=\"note\">" + escape(note) + "</p>";
  return html;
}

// Two sizes of one plot: scaled down, its labels could not be read on a phone.
std::string figure_html(const CostSection& section) {
  const std::string wide = accuracy_cost_plot(section, kWide, Standalone::no);
  if (wide.empty()) return "<p>No arm has a known cost, so that there is nothing to plot.</p>";
  return fmt::format(
      "<figure><div class=\"wide\">{}</div><div class=\"narrow\">{}</div><figcaption "
      "class=\"note\">Lines are 95 % intervals; the dashed line is the frontier: what the arms off "
      "it "
      "achieve, one on it achieves for no more. Cost: {}.</figcaption></figure>",
      wide, accuracy_cost_plot(section, kNarrow, Standalone::no), escape(section.cost_model));
}

std::string section_html(const CostSection& section) {
  const auto html = [](const std::optional<FigureTable>& table) {
    return table ? figure_table_html(*table) : "";
  };
  return verdicts_html(section) + figure_html(section) + success_and_cost_html(section) +
         classes_html(section) + html(frontier_table(section)) + comparisons_html(section) +
         html(plan_table(section));
}

std::string suite_html(const SuiteReport& suite, std::size_t index, const PageSource& source) {
  std::string html =
      fmt::format("<section><h2>{} <small>{}, {}, hash {}</small></h2>",
                  escape(suite.rows.suite.empty() ? "Unnamed suite" : suite.rows.suite),
                  counted(suite.rows.rows.size(), "row"), counted(suite.tasks, "task"),
                  escape(suite.rows.suite_hash.empty() ? "unknown" : suite.rows.suite_hash));
  html += notes_html(suite.notes);
  for (const CostSection& section : suite.costs) html += section_html(section);
  html += effort_html(suite.costs.front());
  if (!suite.auto_chose.empty()) html += figure_table_html(auto_table(suite));
  for (const FigureTable& table : further_tables(suite)) html += figure_table_html(table);
  html += figure_table_html(prices_table(suite)) + matrix_html(suite, index) +
          reproduce_html(suite, source);
  return html + "</section>\n";
}

}  // namespace

std::string html_report(const Report& report, const PageSource& source) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Pareto report</title>\n<style>";
  html += kPageStyle;
  html += plot_style() + "</style></head>\n<body>\n<main>\n<h1>Pareto report</h1>\n";
  html += notes_html(report.notes);
  for (std::size_t i = 0; i < report.suites.size(); ++i) {
    html += suite_html(report.suites[i], i, source);
  }
  std::size_t left_bytes = kMostOfTrajectories;
  for (std::size_t i = 0; i < report.suites.size(); ++i) {
    html += runs_html(report.suites[i], i, source, left_bytes);
  }
  return html + "</main>\n</body></html>\n";
}

}  // namespace pareto::reporting
