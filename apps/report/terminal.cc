#include "apps/report/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

// Of all runs, and of those without infrastructure errors; what is the same is not said twice.
std::vector<std::string> success_cells(const ArmSummary& arm) {
  const auto of = [](const offline::Proportion& share) {
    return share.runs == 0
               ? std::string("none")
               : fmt::format("{}/{} {:>5}", passes(share.passes), share.runs, percent(share.share));
  };
  const offline::Proportion& attempted = arm.success_of_attempted;
  const bool apart = arm.errors > 0 && attempted.runs > 0;
  return {of(arm.success_of_all), percent_interval(arm.success_of_all.interval), of(attempted),
          apart ? percent_interval(attempted.interval) : ""};
}

std::string success_and_cost(const std::vector<ArmSummary>& arms, const std::string& first,
                             const std::vector<bool>* not_dominated) {
  TextTable table({first, "tasks", "runs", "success of all", "95 %", "of attempted", "95 %",
                   "USD/task", "95 %", "USD/success", "95 %", "", "frontier"});
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const ArmSummary& arm = arms[i];
    std::vector<std::string> cells{plain(arm.arm.name()), fmt::format("{}", arm.tasks),
                                   fmt::format("{}", arm.runs)};
    for (std::string& cell : success_cells(arm)) cells.push_back(std::move(cell));
    cells.push_back(arm.usd ? usd(arm.usd->value) : "?");
    cells.push_back(arm.usd ? usd_interval(arm.usd->interval) : "");
    const auto& pass = arm.cost_of_pass;
    cells.push_back(pass ? usd(pass->ratio_of_means) : "?");
    cells.push_back(pass ? usd_interval(pass->delta) : "");
    cells.push_back(pass && pass->few_data ? "!" : "");
    cells.push_back(not_dominated != nullptr && (*not_dominated)[i] ? "*" : "");
    table.add(std::move(cells));
  }
  return table.text();
}

std::string effort(const std::vector<ArmSummary>& arms, const std::string& first) {
  TextTable table({first, "prompt tokens", "of them cached", "output tokens", "seconds", "turns"});
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

std::string by_class(const CostSection& section, bool with_effort) {
  std::string result;
  for (auto at = section.classes.begin(); at != section.classes.end();) {
    const std::string name = *at->task_class;
    const auto end = std::find_if(at, section.classes.end(),
                                  [&](const ArmSummary& arm) { return arm.task_class != name; });
    const std::vector<ArmSummary> arms(at, end);
    const std::string title = "class " + (name.empty() ? std::string("(none)") : plain(name));
    result += "\n" + success_and_cost(arms, title, nullptr);
    if (with_effort) result += effort(arms, "");
    at = end;
  }
  return result;
}

std::string frontier_text(const CostSection& section) {
  const offline::Frontier& frontier = section.frontier;
  if (frontier.tasks == 0) return "";
  std::string result = fmt::format(
      "\nBest arm of each task ({}): {} USD a success over the {} of {} tasks that some arm "
      "passes; "
      "{} passed by no arm\n",
      section.cost_model, usd(frontier.solved_value),
      frontier.tasks - static_cast<int>(frontier.share_infinite * frontier.tasks + 0.5),
      frontier.tasks, static_cast<int>(frontier.share_infinite * frontier.tasks + 0.5));
  TextTable table({"arm", "essential", "only solver of"});
  for (const offline::Essentialness& arm : frontier.arms) {
    table.add({plain(arm.arm.name()), percent(arm.share), fmt::format("{}", arm.only_solver_of)});
  }
  return result + table.text();
}

std::string prices_text(const std::vector<PriceLine>& lines) {
  std::vector<std::string> header{"USD/task (USD/success)"};
  for (const PriceLine::Price& price : lines.front().prices) header.push_back(price.cost_model);
  TextTable table(header);
  for (const PriceLine& line : lines) {
    std::vector<std::string> cells{plain(line.arm.name())};
    for (const PriceLine::Price& price : line.prices) {
      cells.push_back(!price.usd_per_task
                          ? "unknown"
                          : fmt::format("{} ({}){}", usd(price.usd_per_task),
                                        usd(price.usd_per_success), price.unpriced > 0 ? "?" : ""));
    }
    table.add(std::move(cells));
  }
  std::string result = "\nEvery notion of cost, side by side\n" + table.text();
  const bool partly = std::ranges::any_of(lines, [](const PriceLine& line) {
    return std::ranges::any_of(line.prices, [](const PriceLine::Price& price) {
      return price.usd_per_task.has_value() && price.unpriced > 0;
    });
  });
  if (partly) result += "?: of the tasks whose cost is known this way only\n";
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
    result +=
        fmt::format("    left out, {}: {} tasks ({})\n", dropped.why, dropped.tasks.size(), names);
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
    const auto ratio = [](const offline::Estimated& estimated) {
      return estimated.interval ? fmt::format("{:.2f} [{:.2f}, {:.2f}]", estimated.value,
                                              estimated.interval->low, estimated.interval->high)
                                : fmt::format("{:.2f}", estimated.value);
    };
    result += fmt::format(" total x {}; USD/success x {}\n", ratio(cost.ratio_of_totals),
                          ratio(cost.cost_of_pass_ratio));
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

std::string plan_text(const CostSection& section) {
  if (section.plan.empty()) return "";
  TextTable table({"arm", "to see a", "tasks in pairs", "tasks each, unpaired", "from"});
  std::string missing;
  for (const PlannedSample& planned : section.plan) {
    if (!planned.sample) {
      missing += fmt::format("{}, {}: {}\n", plain(planned.arm.name()), effect_name(planned),
                             plain(planned.why_not));
      continue;
    }
    table.add({plain(planned.arm.name()), effect_name(planned),
               fmt::format("{}", planned.sample->paired_tasks),
               fmt::format("{}", planned.sample->unpaired_tasks),
               fmt::format("{} tasks", planned.sample->pilot_tasks)});
  }
  return fmt::format("\nTasks that a sequel needs ({}; power 80 %, two-sided 5 %)\n",
                     section.cost_model) +
         table.text() + missing;
}

std::string section_text(const CostSection& section, const SuiteReport& suite,
                         const ReportOptions& options, bool first) {
  std::string result = fmt::format("\nCost: {}\n", section.cost_model);
  result += success_and_cost(section.arms, "arm", &section.not_dominated);
  if (first) result += "\n" + effort(section.arms, "means a run");
  result += by_class(section, first);
  if (few_data(section)) {
    result += "!: fewer than 50 tasks or 10 passes; the interval of USD/success is too narrow\n";
  }
  result += frontier_text(section);
  result += comparisons_text(section, suite, options);
  return result + plan_text(section);
}

std::string suite_text(const SuiteReport& suite, const ReportOptions& options) {
  std::string result =
      fmt::format("Suite {} ({}): {} rows, {} tasks, {} arms\n",
                  suite.rows.suite.empty() ? "(unnamed)" : plain(suite.rows.suite),
                  suite.rows.suite_hash.empty() ? "no hash" : plain(suite.rows.suite_hash),
                  suite.rows.rows.size(), suite.tasks, suite.costs.front().arms.size());
  for (const std::string& note : suite.notes) result += "note: " + plain(note) + "\n";
  for (const CostSection& section : suite.costs) {
    result += section_text(section, suite, options, &section == &suite.costs.front());
  }
  return result + prices_text(suite.prices);
}

}  // namespace

std::string verdict_line(const Comparison& comparison, const CostSection& section) {
  return fmt::format("{} against {} on {} tasks ({}): {}", plain(comparison.arm.name()),
                     plain(comparison.baseline.name()), comparison.tasks, section.cost_model,
                     comparison.sentence);
}

std::string advice_line(const Comparison& comparison) {
  const std::string& success = comparison.success_split.advice;
  if (comparison.cost_split && comparison.cost_split->advice == success) {
    return "to know success and cost better: " + success;
  }
  const std::string cost = comparison.cost_split ? "; cost: " + comparison.cost_split->advice : "";
  return "to know success better: " + success + cost;
}

std::string effect_name(const PlannedSample& planned) {
  if (planned.metric == offline::Metric::success) {
    return fmt::format("difference of {:g} points of success", 100 * planned.effect);
  }
  return fmt::format("{} lower by {:g} %",
                     planned.metric == offline::Metric::log_cost ? "cost" : "cost of a success",
                     100 * planned.effect);
}

std::string terminal_report(const Report& report) {
  std::string result;
  for (const std::string& note : report.notes) result += "note: " + plain(note) + "\n";
  for (const SuiteReport& suite : report.suites) {
    if (!result.empty()) result += "\n";
    result += suite_text(suite, report.options);
  }
  return result;
}

}  // namespace pareto::reporting
