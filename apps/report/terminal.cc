#include "apps/report/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/report/figure_tables.h"
#include "apps/report/figures.h"
#include "apps/report/text_table.h"

namespace pareto::reporting {
namespace {

using offline::ArmSummary;
using offline::Comparison;

constexpr std::size_t kNamedTasks = 5;

std::string tokens(const offline::Estimated& value) { return fmt::format("{:.0f}", value.value); }

// Partial scores make fractions of a pass.
std::string passes(double value) {
  return value == std::floor(value) ? fmt::format("{:.0f}", value) : fmt::format("{:.2f}", value);
}

// Success and cost, an arm a line; what says nothing in any line is left out.
class SuccessTable {
 public:
  // `all`: every arm that will be in it.
  SuccessTable(std::string first, const std::vector<ArmSummary>& all)
      : table_({std::move(first), "tasks", "runs", "success of all", "95 %", "of attempted", "95 %",
                "USD/task", "95 %", "USD/success", "95 %", "", "frontier", "seconds", "turns"}),
        repeats_(std::ranges::any_of(all, [](const auto& arm) { return arm.runs != arm.tasks; })),
        errors_(std::ranges::any_of(all, [](const auto& arm) { return arm.errors > 0; })) {}

  void title(std::string text) { table_.add({std::move(text)}); }
  // `frontier` and `effort` (seconds and turns) are the last cells.
  void add(const std::string& name, const ArmSummary& arm, std::string frontier,
           std::pair<std::string, std::string> effort) {
    std::vector<std::string> cells{name, fmt::format("{}", arm.tasks),
                                   repeats_ ? fmt::format("{}", arm.runs) : ""};
    add_success(cells, arm);
    cells.push_back(arm.usd ? usd(arm.usd->value) : "?");
    cells.push_back(arm.usd ? usd_interval(arm.usd->interval) : "");
    const auto& pass = arm.cost_of_pass;
    cells.push_back(pass ? usd(pass->ratio_of_means) : "?");
    cells.push_back(pass ? usd_interval(pass->delta) : "");
    cells.push_back(pass && pass->few_data ? "!" : "");
    cells.push_back(std::move(frontier));
    cells.push_back(std::move(effort.first));
    cells.push_back(std::move(effort.second));
    table_.add(std::move(cells));
  }
  std::string text() const { return table_.text(); }

 private:
  // Of all runs, and of those without infrastructure errors where there are any.
  void add_success(std::vector<std::string>& cells, const ArmSummary& arm) const {
    const auto of = [](const offline::Proportion& share) {
      return share.runs == 0 ? std::string("none")
                             : fmt::format("{}/{} {:>5}", passes(share.passes), share.runs,
                                           percent(share.share));
    };
    const offline::Proportion& attempted = arm.success_of_attempted;
    cells.push_back(of(arm.success_of_all));
    cells.push_back(percent_interval(arm.success_of_all.interval));
    cells.push_back(errors_ ? of(attempted) : "");
    cells.push_back(arm.errors > 0 && attempted.runs > 0 ? percent_interval(attempted.interval)
                                                         : "");
  }

  TextTable table_;
  bool repeats_;
  bool errors_;
};

std::string success_and_cost(const CostSection& section) {
  SuccessTable table("arm", section.arms);
  for (std::size_t i = 0; i < section.arms.size(); ++i) {
    const ArmSummary& arm = section.arms[i];
    table.add(plain(arm.arm.name()), arm, section.not_dominated[i] ? "*" : "", {});
  }
  return table.text();
}

std::string effort(const std::vector<ArmSummary>& arms) {
  TextTable table(
      {"means a run", "prompt tokens", "of them cached", "output tokens", "seconds", "turns"});
  for (const ArmSummary& arm : arms) {
    table.add({plain(arm.arm.name()), tokens(arm.prompt_tokens), tokens(arm.cached_tokens),
               tokens(arm.completion_tokens), fmt::format("{:.1f}", arm.seconds.value),
               fmt::format("{:.1f}", arm.turns.value)});
  }
  return table.text();
}

bool few_data(const CostSection& section) {
  const auto few = [](const ArmSummary& arm) {
    return arm.cost_of_pass && arm.cost_of_pass->few_data;
  };
  return std::ranges::any_of(section.arms, few) || std::ranges::any_of(section.classes, few);
}

enum class Effort { shown, left_out };

std::string by_class(const CostSection& section, Effort shown) {
  if (section.classes.empty()) return "";
  SuccessTable table("by class", section.classes);
  const std::string* last = nullptr;
  for (const ArmSummary& arm : section.classes) {
    const std::string& name = *arm.task_class;
    if (last == nullptr || *last != name) table.title(name.empty() ? "(none)" : plain(name));
    last = &name;
    std::pair<std::string, std::string> effort;
    if (shown == Effort::shown) {
      effort = {fmt::format("{:.1f}", arm.seconds.value), fmt::format("{:.1f}", arm.turns.value)};
    }
    table.add("  " + plain(arm.arm.name()), arm, "", std::move(effort));
  }
  return "\n" + table.text();
}

std::string further_text(const FigureTable& further) {
  std::string result = fmt::format("\n{}: {}\n", further.title, plain(further.says));
  std::vector<std::string> header;
  for (const std::string& name : further.header) header.push_back(plain(name));
  TextTable table(std::move(header));
  for (const auto& row : further.rows) {
    std::vector<std::string> cells;
    for (const FigureCell& cell : row) {
      cells.push_back(plain(cell.figure) + (cell.interval.empty() ? "" : " " + cell.interval));
    }
    table.add(std::move(cells));
  }
  if (!further.rows.empty()) result += table.text();
  for (const std::string& note : further.notes) result += plain(note) + "\n";
  return result;
}

std::string dropped_text(const Comparison& comparison) {
  std::string result;
  for (const offline::Dropped& dropped : comparison.dropped) {
    std::string names;
    for (std::size_t i = 0; i < std::min(kNamedTasks, dropped.tasks.size()); ++i) {
      names += (i == 0 ? "" : ", ") + plain(dropped.tasks[i]);
    }
    if (dropped.tasks.size() > kNamedTasks) names += ", ...";
    result += fmt::format("    left out, {}: {} ({})\n", plain(dropped.why),
                          counted(dropped.tasks.size(), "task"), names);
  }
  return result;
}

std::string comparison_text(const Comparison& comparison, const CostSection& section) {
  const offline::SuccessDifference& success = comparison.success;
  std::string result = verdict_line(comparison, section) + "\n";
  result +=
      fmt::format("    success {} points {}, p {}; not worse by the margin: p {}",
                  points(success.difference.value), points_interval(success.difference.interval),
                  p_value(success.holm_p), p_value(success.holm_non_inferiority_p));
  if (comparison.mcnemar) {
    result += fmt::format("; only it {}, only the baseline {}, McNemar p {}",
                          comparison.mcnemar->only_arm, comparison.mcnemar->only_baseline,
                          p_value(comparison.mcnemar->p));
  }
  result += "\n";
  if (comparison.cost) {
    const offline::CostDifference& cost = *comparison.cost;
    result += fmt::format("    cost ({})", section.cost_model);
    if (cost.geometric_change) {
      result += fmt::format(" {} a task {}, p {};", change(cost.geometric_change->value),
                            change_interval(cost.geometric_change->interval), p_value(cost.holm_p));
    }
    const auto add = [](const offline::Estimated& estimated) {
      const std::string interval = times_interval(estimated.interval);
      return times(estimated.value) + (interval.empty() ? "" : " " + interval);
    };
    result += fmt::format(" total {}; USD/success {}\n", add(cost.ratio_of_totals),
                          add(cost.cost_of_pass_ratio));
  }
  result += fmt::format("    {}\n", advice_line(comparison));
  return result + dropped_text(comparison);
}

std::string comparisons_text(const CostSection& section, const SuiteReport& suite,
                             const ReportOptions& options) {
  if (section.comparisons.empty()) return "";
  std::string result =
      fmt::format("\nAgainst {} ({}; paired by task; margin {:g} points; p adjusted by Holm)\n",
                  plain(suite.baseline), section.cost_model, 100 * options.margin);
  for (const Comparison& comparison : section.comparisons) {
    result += comparison_text(comparison, section);
  }
  return result;
}

std::string few_data_text(const CostSection& section) {
  return few_data(section)
             ? "!: fewer than 50 tasks or 10 passes; the interval of USD/success is too narrow\n"
             : "";
}

// What a person looks for first.
std::string summary_text(const SuiteReport& suite) {
  const CostSection& section = suite.costs.front();
  std::string result =
      fmt::format("Suite {} ({}): {}, {}, {}; cost: {}\n",
                  suite.rows.suite.empty() ? "(unnamed)" : plain(suite.rows.suite),
                  suite.rows.suite_hash.empty() ? "no hash" : plain(suite.rows.suite_hash),
                  counted(suite.rows.rows.size(), "row"), counted(suite.tasks, "task"),
                  counted(section.arms.size(), "arm"), section.cost_model);
  result += success_and_cost(section) + few_data_text(section);
  for (const std::string& note : suite.notes) result += "note: " + plain(note) + "\n";
  result += "\n" + effort(section.arms) + by_class(section, Effort::shown);
  if (!suite.auto_chose.empty()) result += further_text(auto_table(suite));
  return result;
}

std::string conclusions_text(const CostSection& section, const SuiteReport& suite,
                             const ReportOptions& options) {
  const auto text = [](const std::optional<FigureTable>& table) {
    return table ? further_text(*table) : "";
  };
  return text(frontier_table(section)) + comparisons_text(section, suite, options) +
         text(plan_table(section));
}

std::string suite_text(const SuiteReport& suite, const ReportOptions& options) {
  std::string result = summary_text(suite) + conclusions_text(suite.costs.front(), suite, options);
  for (const FigureTable& table : further_tables(suite)) result += further_text(table);
  for (std::size_t i = 1; i < suite.costs.size(); ++i) {
    const CostSection& section = suite.costs[i];
    result += fmt::format("\nCost: {}\n", section.cost_model) + success_and_cost(section) +
              by_class(section, Effort::left_out) + few_data_text(section) +
              conclusions_text(section, suite, options);
  }
  return result + further_text(prices_table(suite));
}

// Of every suite, after what is to be said of the files.
template <class Write>
std::string of_suites(const Report& report, Write write) {
  std::string result;
  for (const std::string& note : report.notes) result += "note: " + plain(note) + "\n";
  for (const SuiteReport& suite : report.suites) {
    if (!result.empty()) result += "\n";
    result += write(suite);
  }
  return result;
}

}  // namespace

std::string verdict_line(const Comparison& comparison, const CostSection& section) {
  return fmt::format("{} against {} on {} ({}): {}", plain(comparison.arm.name()),
                     plain(comparison.baseline.name()), counted(comparison.tasks, "task"),
                     section.cost_model, comparison.sentence);
}

std::string advice_line(const Comparison& comparison) {
  const std::string& success = comparison.success_split.advice;
  if (comparison.cost_split && comparison.cost_split->advice == success) {
    return "to know success and cost better: " + success;
  }
  const std::string cost = comparison.cost_split ? "; cost: " + comparison.cost_split->advice : "";
  return "to know success better: " + success + cost;
}

std::string terminal_report(const Report& report) {
  return of_suites(report,
                   [&](const SuiteReport& suite) { return suite_text(suite, report.options); });
}

std::string terminal_summary(const Report& report) { return of_suites(report, summary_text); }

}  // namespace pareto::reporting
