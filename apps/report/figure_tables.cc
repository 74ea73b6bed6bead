#include "apps/report/figure_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "apps/report/figures.h"

namespace pareto::reporting {
namespace {

using offline::ArmSummary;
using offline::AttemptScore;

FigureCell name_cell(const offline::ArmId& arm) { return {arm.name()}; }
FigureCell count_cell(std::int64_t count) { return {fmt::format("{}", count)}; }

FigureCell with_interval(double value, const std::optional<offline::Interval>& interval) {
  if (!interval) return {fmt::format("{:.2f}", value)};
  return {fmt::format("{:.2f}", value),
          fmt::format("[{:.2f}, {:.2f}]", interval->low, interval->high)};
}

// Of the error that repeats make: what is left is made by the tasks.
FigureCell repeats_share(const offline::VarianceSplit& split) {
  if (!split.repeats_part) return {};
  const double sum = *split.tasks_part + *split.repeats_part;
  return {percent(sum > 0 ? *split.repeats_part / sum : 0)};
}

const AttemptScore* score_of(const ArmRepeats& arm, std::int64_t k) {
  const auto found = std::ranges::find(arm.attempts, k, &AttemptScore::k);
  return found == arm.attempts.end() ? nullptr : &*found;
}

// What the figures of the most tries are not about.
std::optional<std::string> left_out(const ArmRepeats& arm) {
  const AttemptScore& last = arm.attempts.back();
  if (last.dropped == 0) return std::nullopt;
  return fmt::format(
      "{}: {} of {} tasks are not in pass@{} and pass^{}: fewer runs, or a score between 0 and 1",
      arm.arm.name(), last.dropped, last.dropped + last.tasks, last.k, last.k);
}

FigureTable attempts_table(const Repeats& repeats) {
  FigureTable table{.title = "Several tries",
                    .says =
                        "pass@k: one of k tries passes, pass^k: all do. Error by repeats: from 50 "
                        "% on more repeats would tell more, below it more tasks",
                    .header = {"arm"}};
  for (const std::int64_t k : repeats.ks) table.header.push_back(fmt::format("pass@{}", k));
  for (const std::int64_t k : repeats.ks) {
    if (k > 1) table.header.push_back(fmt::format("pass^{}", k));
  }
  table.header.emplace_back("error by repeats");
  for (const ArmRepeats& arm : repeats.arms) {
    if (arm.attempts.empty()) {
      table.notes.push_back(arm.arm.name() + ": no task with passes and failures only");
      continue;
    }
    std::vector<FigureCell> row{name_cell(arm.arm)};
    std::vector<FigureCell> all;
    for (const std::int64_t k : repeats.ks) {
      const AttemptScore* score = score_of(arm, k);
      row.push_back({score == nullptr ? "" : percent(score->at_k)});
      if (k > 1) all.push_back({score == nullptr ? "" : percent(score->hat_k)});
    }
    std::ranges::copy(all, std::back_inserter(row));
    row.push_back(repeats_share(arm.split));
    table.rows.push_back(std::move(row));
    if (auto note = left_out(arm)) table.notes.push_back(std::move(*note));
  }
  return table;
}

FigureTable seeds_table(const Repeats& repeats) {
  FigureTable table{.title = "How far the seed moves the score",
                    .says =
                        "the suite's score in each repeat; deviation in points, signal to noise: "
                        "mean over deviation",
                    .header = {"arm", "repeats", "tasks", "mean", "deviation", "signal to noise"}};
  for (const ArmRepeats& arm : repeats.arms) {
    const offline::SeedNoise& seeds = arm.seeds;
    if (seeds.tasks == 0) {
      table.notes.push_back(arm.arm.name() + ": no task was run by all of its repeats");
      continue;
    }
    table.rows.push_back(
        {name_cell(arm.arm),
         count_cell(seeds.seeds),
         count_cell(seeds.tasks),
         {percent(seeds.mean)},
         {fmt::format("{:.1f}", 100 * seeds.deviation)},
         {seeds.signal_to_noise ? fmt::format("{:.1f}", *seeds.signal_to_noise) : "no noise"}});
  }
  if (repeats.suite) {
    table.notes.push_back(fmt::format(
        "the suite: arms differ by a deviation of {:.1f} points, seeds by {:.1f}{}",
        100 * repeats.suite->signal, 100 * repeats.suite->noise,
        repeats.suite->signal_to_noise
            ? fmt::format(
                  "; signal to noise {:.1f}{}", *repeats.suite->signal_to_noise,
                  *repeats.suite->signal_to_noise < 1 ? ": it does not tell these arms apart" : "")
            : ""));
  }
  return table;
}

FigureTable retried_table(const SuiteReport& suite) {
  FigureTable table{
      .title = "If failures were tried again",
      .says = fmt::format("up to {} tries, by a check that is never wrong: an upper bound",
                          offline::SummaryOptions{}.attempts),
      .header = {"arm", "success"}};
  for (const CostSection& section : suite.costs) {
    table.header.push_back("USD/task, " + section.cost_model);
    table.header.emplace_back("USD/success");
  }
  for (std::size_t i = 0; i < suite.costs.front().arms.size(); ++i) {
    const ArmSummary& arm = suite.costs.front().arms[i];
    // Of an arm that ran everything once, nobody knows what another try would do.
    const auto repeated = [&arm](const ArmRepeats& each) { return each.arm == arm.arm; };
    if (!std::ranges::any_of(suite.repeats->arms, repeated)) continue;
    std::vector<FigureCell> row{name_cell(arm.arm),
                                {arm.retried ? percent(arm.retried->success) : ""}};
    for (const CostSection& section : suite.costs) {
      const auto& retried = section.arms[i].retried;
      row.push_back({retried ? usd(retried->usd_per_task) : "?"});
      row.push_back({retried ? usd(retried->usd_per_success) : "?"});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

FigureTable selection_table(const SuiteReport& suite) {
  FigureTable table{
      .title = "Choosing by one repeat",
      .says = fmt::format("success in later repeats of the k arms that the first ranks highest; "
                          "SharpeRatio@k: gain of their best on {} over their deviation",
                          suite.baseline),
      .header = {"k", "best", "mean", "worst", "deviation, points", "SharpeRatio@k"}};
  for (const Selection& each : suite.repeats->selections) {
    table.rows.push_back(
        {count_cell(each.k),
         {percent(each.top.best)},
         {percent(each.top.mean)},
         {percent(each.top.worst)},
         {fmt::format("{:.1f}", 100 * each.top.deviation)},
         {each.top.sharpe_ratio ? fmt::format("{:.2f}", *each.top.sharpe_ratio) : "all equal"}});
  }
  return table;
}

FigureTable ranking_table(const Ranking& ranking) {
  FigureTable table{.title = "Ranking (Bradley-Terry)",
                    .says =
                        "abilities in log-odds, tasks weighed by how hard they are; where "
                        "intervals overlap the order may be chance",
                    .header = {"arm", "ability", "95 %"}};
  for (std::size_t i = 0; i < ranking.fit.arms.size(); ++i) {
    const offline::Interval& interval = ranking.intervals[i];
    table.rows.push_back({name_cell(ranking.fit.arms[i].arm),
                          {fmt::format("{:+.2f}", ranking.fit.arms[i].ability)},
                          {fmt::format("[{:+.2f}, {:+.2f}]", interval.low, interval.high)}});
  }
  if (!ranking.fit.converged) table.notes.emplace_back("the fit did not settle: read with care");
  if (ranking.held_out) {
    table.notes.push_back(fmt::format(
        "on runs that it did not see its log loss is {:.3f} a run, that of the share of passes "
        "alone {:.3f}: {}",
        ranking.held_out->log_loss, ranking.held_out->base_rate_log_loss,
        ranking.tells() ? "it tells something" : "it tells nothing yet"));
  }
  return table;
}

FigureTable seeking_table(const std::vector<ArmSeeking>& arms) {
  FigureTable table{.title = "Required passages",
                    .says =
                        "ISR: share of the required ones that were opened, ISE: required ones an "
                        "action, found or not; means over tasks",
                    .header = {"arm", "tasks", "runs", "ISR", "ISE"}};
  for (const ArmSeeking& arm : arms) {
    table.rows.push_back({name_cell(arm.arm), count_cell(arm.tasks), count_cell(arm.runs),
                          with_interval(arm.isr.value, arm.isr.interval),
                          with_interval(arm.ise.value, arm.ise.interval)});
  }
  return table;
}

// "difference of 5 points of success", "cost lower by 20 %".
std::string effect_name(const PlannedSample& planned) {
  if (planned.metric == offline::Metric::success) {
    return fmt::format("difference of {:g} points of success", 100 * planned.effect);
  }
  return fmt::format("{} lower by {:g} %",
                     planned.metric == offline::Metric::log_cost ? "cost" : "cost of a success",
                     100 * planned.effect);
}

}  // namespace

std::optional<FigureTable> frontier_table(const CostSection& section) {
  const offline::Frontier& frontier = section.frontier;
  if (frontier.tasks == 0 || section.arms.size() < 2) return std::nullopt;
  FigureTable table{.title = fmt::format("Best arm of each task ({})", section.cost_model),
                    .says = {},
                    .header = {"arm", "essential", "only solver of"}};
  const auto solved =
      frontier.tasks - static_cast<int>(std::lround(frontier.share_infinite * frontier.tasks));
  if (solved == 0) {
    table.says = fmt::format("{} run by every arm at a known cost, none passed by any",
                             counted(frontier.tasks, "task"));
    return table;
  }
  table.says = fmt::format(
      "{} USD a success over the {} of {} that some arm passes; essential: the share of that cost "
      "that only this arm saves",
      usd(frontier.solved_value), solved, counted(frontier.tasks, "task"));
  for (const offline::Essentialness& arm : frontier.arms) {
    table.rows.push_back(
        {name_cell(arm.arm), {percent(arm.share)}, count_cell(arm.only_solver_of)});
  }
  return table;
}

std::optional<FigureTable> plan_table(const CostSection& section) {
  if (section.plan.empty()) return std::nullopt;
  FigureTable table{
      .title = fmt::format("Tasks that a sequel needs ({})", section.cost_model),
      .says = "power 80 %, two-sided 5 %, from what these rows vary",
      .header = {"arm", "to see a", "tasks in pairs", "tasks each, unpaired", "from"}};
  for (const PlannedSample& planned : section.plan) {
    if (!planned.sample) {
      table.notes.push_back(
          fmt::format("{}, {}: {}", planned.arm.name(), effect_name(planned), planned.why_not));
      continue;
    }
    table.rows.push_back({name_cell(planned.arm),
                          {effect_name(planned)},
                          count_cell(planned.sample->paired_tasks),
                          count_cell(planned.sample->unpaired_tasks),
                          {counted(planned.sample->pilot_tasks, "task")}});
  }
  return table;
}

FigureTable prices_table(const SuiteReport& suite) {
  FigureTable table{
      .title = "Every notion of cost", .says = "USD a task (USD a success)", .header = {"arm"}};
  bool partly = false;
  for (const PriceLine::Price& price : suite.prices.front().prices) {
    table.header.push_back(price.cost_model);
  }
  for (const PriceLine& line : suite.prices) {
    std::vector<FigureCell> row{name_cell(line.arm)};
    for (const PriceLine::Price& price : line.prices) {
      if (!price.usd_per_task) {
        row.push_back({"unknown"});
        continue;
      }
      partly |= price.unpriced > 0;
      row.push_back({usd(price.usd_per_task), fmt::format("({}){}", usd(price.usd_per_success),
                                                          price.unpriced > 0 ? "?" : "")});
    }
    table.rows.push_back(std::move(row));
  }
  if (partly) table.notes.emplace_back("?: of the tasks whose cost is known this way only");
  return table;
}

FigureTable auto_table(const SuiteReport& suite) {
  FigureTable table{.title = "What auto chose",
                    .says = "runs by the mode that worked on them",
                    .header = {"class"}};
  std::set<std::string> modes;
  for (const auto& [name, chosen] : suite.auto_chose) {
    for (const auto& [mode, runs] : chosen) modes.insert(mode);
  }
  table.header.insert(table.header.end(), modes.begin(), modes.end());
  for (const auto& [name, chosen] : suite.auto_chose) {
    std::vector<FigureCell> row{{name.empty() ? "(none)" : name}};
    for (const std::string& mode : modes) {
      const auto runs = chosen.find(mode);
      row.push_back(count_cell(runs == chosen.end() ? 0 : runs->second));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::vector<FigureTable> further_tables(const SuiteReport& suite) {
  std::vector<FigureTable> tables;
  if (suite.ranking) tables.push_back(ranking_table(*suite.ranking));
  if (suite.repeats) {
    tables.push_back(attempts_table(*suite.repeats));
    tables.push_back(seeds_table(*suite.repeats));
    tables.push_back(retried_table(suite));
    if (!suite.repeats->selections.empty()) tables.push_back(selection_table(suite));
  }
  if (!suite.seeking.empty()) tables.push_back(seeking_table(suite.seeking));
  return tables;
}

}  // namespace pareto::reporting
