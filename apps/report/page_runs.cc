#include "apps/report/page_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "apps/report/figures.h"
#include "apps/report/markup.h"
#include "apps/report/page_tables.h"
#include "apps/report/plot.h"
#include "apps/report/reproduce.h"
#include "apps/report/trajectory.h"

namespace pareto::reporting {
namespace {

constexpr std::size_t kMostOfRun = 64 * 1024;

struct Mark {
  const char* name;  // its class
  std::string text;  // says it without the colour
};

Mark mark_of(const ReportRow& row) {
  if (row.observation.ending == offline::Ending::infrastructure_error) return {"error", "error"};
  const double success = offline::success_of(row.observation);
  if (success >= 1) return {"pass", "pass"};
  if (success <= 0) return {"fail", "fail"};
  return {"part", fmt::format("{:.2f}", success)};
}

std::string id_of(std::size_t suite, std::size_t row) {
  return fmt::format("run-{}-{}", suite, row);
}

std::string title_of(const ReportRow& row) {
  const offline::Observation& seen = row.observation;
  return fmt::format("{}, {}, repeat {}", seen.task, seen.arm.name(), seen.repeat);
}

std::string facts(const ReportRow& row) {
  const offline::Observation& seen = row.observation;
  std::string html =
      fmt::format("<p><span class=\"mark {}\">{}</span> {}", mark_of(row).name, mark_of(row).text,
                  escape(fmt::format(
                      "status {} ({}), {}, {:.1f} s, {} prompt tokens ({} cached), {} output "
                      "tokens, {}",
                      row.status, row.reason, counted(static_cast<std::size_t>(seen.turns), "turn"),
                      seen.seconds, seen.prompt_tokens, seen.cached_tokens, seen.completion_tokens,
                      seen.list_cost ? seen.list_cost->to_string() + " USD (list price)"
                                     : std::string("cost unknown"))));
  if (!row.mode_used.empty() && row.mode_used != seen.arm.mode) {
    html += escape(fmt::format(", worked as {}", row.mode_used));
  }
  html += "</p>";
  if (!row.error.empty()) html += fmt::format("<pre>{}</pre>", escape(row.error.substr(0, 4'000)));
  return html;
}

}  // namespace

std::string matrix_html(const SuiteReport& suite, std::size_t suite_index) {
  const CostSection& section = suite.costs.front();
  // By class, then task; of each arm its runs in the order of repeats.
  using Task = std::pair<std::string, std::string>;
  std::map<Task, std::map<offline::ArmId, std::string>> cells;
  for (std::size_t i = 0; i < suite.rows.rows.size(); ++i) {
    const ReportRow& row = suite.rows.rows[i];
    const Mark mark = mark_of(row);
    std::string& cell =
        cells[{row.observation.task_class, row.observation.task}][row.observation.arm];
    cell += fmt::format("<a class=\"mark {}\" href=\"#{}\" title=\"{}\">{}</a> ", mark.name,
                        id_of(suite_index, i), escape(title_of(row)), mark.text);
  }
  std::vector<std::string> header{"task", "class"};
  for (const offline::ArmSummary& arm : section.arms) {
    header.push_back(escape(short_name(arm.arm, section)));
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [task, by_arm] : cells) {
    std::vector<std::string> row{escape(task.second), escape(task.first)};
    for (const offline::ArmSummary& arm : section.arms) {
      const auto cell = by_arm.find(arm.arm);
      row.push_back(cell == by_arm.end() ? "" : cell->second);
    }
    rows.push_back(std::move(row));
  }
  return fmt::format(
             "<h3 id=\"matrix-{}\">Every run <small>a link leads to what happened</small></h3>",
             suite_index) +
         "<div class=\"matrix\">" + html_table(header, rows) + "</div>";
}

std::string runs_html(const SuiteReport& suite, std::size_t suite_index, const PageSource& source,
                      std::size_t& left_bytes) {
  std::string html;
  for (std::size_t i = 0; i < suite.rows.rows.size(); ++i) {
    const ReportRow& row = suite.rows.rows[i];
    std::string told;
    if (left_bytes < kMostOfRun) {
      told = "<p>This trajectory is left out, as the page would become too large.</p>";
    } else if (auto events = source.events(row); events) {
      told = trajectory_html(*events, kMostOfRun);
    } else {
      told = fmt::format("<p>No trajectory: {}</p>", escape(events.error().message));
    }
    left_bytes -= std::min(left_bytes, told.size());
    html += fmt::format(
        "<section class=\"run\" id=\"{}\"><h2>{}</h2><p><a href=\"#matrix-{}\">Back to "
        "every run</a></p>{}",
        id_of(suite_index, i), escape(title_of(row)), suite_index, facts(row));
    html += told;
    if (!row.run.empty() && row.folder < source.folders.size()) {
      html += fmt::format("<p>All of it: <code>pareto runs show {} --whole --state {}</code></p>",
                          escape(shell_word(row.run)),
                          escape(shell_word(source.folders[row.folder] + "/state")));
    }
    html += "</section>\n";
  }
  return html;
}

}  // namespace pareto::reporting
