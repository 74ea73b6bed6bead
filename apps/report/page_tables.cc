#include "apps/report/page_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/report/figures.h"
#include "apps/report/markup.h"
#include "apps/report/plot.h"
#include "apps/report/terminal.h"

namespace pareto::reporting {
namespace {

using offline::ArmSummary;
using offline::Comparison;
using Rows = std::vector<std::vector<std::string>>;

// A figure and, smaller, what is known of its error.
std::string with_interval(const std::string& figure, const std::string& interval) {
  if (interval.empty()) return escape(figure);
  return fmt::format("{} <small>{}</small>", escape(figure), escape(interval));
}

std::string share(const offline::Proportion& share) {
  if (share.runs == 0) return "none";
  return with_interval(
      fmt::format("{} ({:.4g}/{})", percent(share.share), share.passes, share.runs),
      percent_interval(share.interval));
}

std::string percent_cell(const offline::Proportion& value) {
  return value.runs == 0 ? "none"
                         : with_interval(percent(value.share), percent_interval(value.interval));
}

std::string mean(const offline::Estimated& value, int digits) {
  std::string interval;
  if (value.interval) {
    interval = fmt::format("[{:.{}f}, {:.{}f}]", std::max(0.0, value.interval->low), digits,
                           value.interval->high, digits);
  }
  return with_interval(fmt::format("{:.{}f}", value.value, digits), interval);
}

std::string usd_cell(const ArmSummary& arm) {
  return arm.usd ? with_interval(usd(arm.usd->value), usd_interval(arm.usd->interval)) : "unknown";
}

std::string pass_cell(const ArmSummary& arm) {
  if (!arm.cost_of_pass) return "unknown";
  const offline::CostOfPass& cost = *arm.cost_of_pass;
  return with_interval(usd(cost.ratio_of_means) + (cost.few_data ? " !" : ""),
                       usd_interval(cost.delta));
}

std::string ratio(const offline::Estimated& value) {
  return with_interval(times(value.value), times_interval(value.interval));
}

std::string few_data_note(const std::vector<ArmSummary>& arms) {
  const bool few = std::ranges::any_of(
      arms, [](const ArmSummary& arm) { return arm.cost_of_pass && arm.cost_of_pass->few_data; });
  return few ? "<p class=\"note\">!: fewer than 50 tasks or 10 passes; the interval of USD a "
               "success "
               "is too narrow.</p>"
             : "";
}

std::string head(const std::string& title, const CostSection& section) {
  return fmt::format("<h3>{} <small>{}</small></h3>", title, escape(section.cost_model));
}

}  // namespace

std::string html_table(const std::vector<std::string>& header, const Rows& rows) {
  std::string html = "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>";
  for (const std::string& cell : header) html += fmt::format("<th scope=\"col\">{}</th>", cell);
  html += "</tr></thead><tbody>";
  for (const auto& row : rows) {
    html += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      html += i == 0 ? fmt::format("<th scope=\"row\">{}</th>", row[i])
                     : fmt::format("<td>{}</td>", row[i]);
    }
    html += "</tr>";
  }
  return html + "</tbody></table></div>";
}

std::string figure_table_html(const FigureTable& table) {
  std::vector<std::string> header;
  for (const std::string& name : table.header) header.push_back(escape(name));
  Rows rows;
  for (const auto& cells : table.rows) {
    std::vector<std::string> row;
    for (const FigureCell& cell : cells) row.push_back(with_interval(cell.figure, cell.interval));
    rows.push_back(std::move(row));
  }
  std::string html =
      fmt::format("<h3>{} <small>{}</small></h3>", escape(table.title), escape(table.says));
  if (!rows.empty()) html += html_table(header, rows);
  for (const std::string& note : table.notes) {
    html += fmt::format("<p class=\"note\">{}</p>", escape(note));
  }
  return html;
}

std::string success_and_cost_html(const CostSection& section) {
  Rows rows;
  for (std::size_t i = 0; i < section.arms.size(); ++i) {
    const ArmSummary& arm = section.arms[i];
    rows.push_back({escape(arm.arm.name()), fmt::format("{}", arm.tasks), share(arm.success_of_all),
                    arm.errors > 0 ? share(arm.success_of_attempted) : "the same", usd_cell(arm),
                    pass_cell(arm), section.not_dominated[i] ? "yes" : "no"});
  }
  return head("Success and cost", section) +
         html_table({"arm", "tasks", "success of all", "of attempted", "USD a task",
                     "USD a success", "on the frontier"},
                    rows) +
         few_data_note(section.arms);
}

std::string effort_html(const CostSection& section) {
  Rows rows;
  for (const ArmSummary& arm : section.arms) {
    rows.push_back({escape(arm.arm.name()), mean(arm.prompt_tokens, 0), mean(arm.cached_tokens, 0),
                    mean(arm.completion_tokens, 0), mean(arm.seconds, 1), mean(arm.turns, 1)});
  }
  return "<h3>Effort <small>means a run, with 95 % intervals</small></h3>" +
         html_table({"arm", "prompt tokens", "of them cached", "output tokens", "seconds", "turns"},
                    rows);
}

std::string classes_html(const CostSection& section) {
  if (section.classes.empty()) return "";
  Rows rows;
  for (const ArmSummary& arm : section.classes) {
    const std::string& name = *arm.task_class;
    rows.push_back({escape(name.empty() ? "(none)" : name), escape(short_name(arm.arm, section)),
                    fmt::format("{}", arm.tasks), percent_cell(arm.success_of_all),
                    arm.errors > 0 ? percent_cell(arm.success_of_attempted) : "the same",
                    usd_cell(arm), pass_cell(arm), fmt::format("{:.1f}", arm.seconds.value),
                    fmt::format("{:.1f}", arm.turns.value)});
  }
  return head("By class", section) +
         html_table({"class", "arm", "tasks", "success of all", "of attempted", "USD a task",
                     "USD a success", "seconds", "turns"},
                    rows) +
         few_data_note(section.classes);
}

std::string verdicts_html(const CostSection& section) {
  std::string html;
  for (const Comparison& comparison : section.comparisons) {
    html += fmt::format("<p class=\"verdict\"><b>{}: {}</b> {}</p>", escape(comparison.arm.name()),
                        escape(comparison.sentence),
                        escape(fmt::format("against {} on {}, {}", comparison.baseline.name(),
                                           counted(comparison.tasks, "task"), section.cost_model)));
  }
  return html;
}

std::string comparisons_html(const CostSection& section) {
  if (section.comparisons.empty()) return "";
  Rows rows;
  std::string notes;
  for (const Comparison& comparison : section.comparisons) {
    const offline::SuccessDifference& success = comparison.success;
    std::vector<std::string> row{escape(comparison.arm.name()), fmt::format("{}", comparison.tasks),
                                 with_interval(points(success.difference.value),
                                               points_interval(success.difference.interval)),
                                 escape(p_value(success.holm_p)),
                                 escape(p_value(success.holm_non_inferiority_p))};
    const auto& cost = comparison.cost;
    row.push_back(cost && cost->geometric_change
                      ? with_interval(change(cost->geometric_change->value),
                                      change_interval(cost->geometric_change->interval))
                      : "unknown");
    row.push_back(cost ? escape(p_value(cost->holm_p)) : "");
    row.push_back(cost ? ratio(cost->ratio_of_totals) : "unknown");
    row.push_back(cost ? ratio(cost->cost_of_pass_ratio) : "unknown");
    rows.push_back(std::move(row));
    notes +=
        fmt::format("<li>{}: {}", escape(comparison.arm.name()), escape(advice_line(comparison)));
    for (const offline::Dropped& dropped : comparison.dropped) {
      std::string names;
      for (const std::string& task : dropped.tasks) names += (names.empty() ? "" : ", ") + task;
      notes +=
          fmt::format("; left out, {}: <details><summary>{}</summary>{}</details>",
                      escape(dropped.why), counted(dropped.tasks.size(), "task"), escape(names));
    }
    notes += "</li>";
  }
  return head("Against " + escape(section.comparisons.front().baseline.name()), section) +
         html_table({"arm", "tasks", "success, points", "p", "p, not worse", "cost a task", "p",
                     "total", "USD a success"},
                    rows) +
         "<p>Paired by task, repeats averaged, p adjusted over all arms (Holm).</p><ul>" + notes +
         "</ul>";
}

}  // namespace pareto::reporting
