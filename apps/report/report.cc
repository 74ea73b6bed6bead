#include "apps/report/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <set>
#include <span>

#include "policies/offline/cost_models.h"

namespace pareto::reporting {
namespace {

using offline::ArmId;
using offline::ArmSummary;
using offline::CostView;
using offline::Observation;
using offline::ResultTable;

constexpr std::uint64_t kSeed = 1;
constexpr int kNoResampling = 0;
constexpr double kMostUsd = 9e9;  // what Money holds

// Differences that people ask about. The margin's own comes first.
constexpr std::array kCostCuts{0.1, 0.2, 0.5};
constexpr std::array kSuccessDifferences{0.05, 0.1};

std::string names_of(std::span<const ArmId> arms) {
  return fmt::format("{}", fmt::join(arms | std::views::transform(&ArmId::name), ", "));
}

// The arms that a person may mean by `asked`.
std::vector<ArmId> fitting(const ResultTable& table, const std::string& asked) {
  std::vector<ArmId> arms;
  for (const ArmId& arm : table.arms()) {
    if (arm.name() == asked) return {arm};
    if (arm.mode == asked) arms.push_back(arm);
  }
  return arms;
}

std::vector<Observation> observations_of(const SuiteRows& suite) {
  std::vector<Observation> observations;
  observations.reserve(suite.rows.size());
  for (const ReportRow& row : suite.rows) observations.push_back(row.observation);
  return observations;
}

// The same runs at what their time costs.
std::vector<Observation> at_machine_time(std::vector<Observation> observations, double hourly) {
  for (Observation& observation : observations) {
    const double usd = offline::machine_time_cost(observation.seconds, hourly).value;
    observation.list_cost =
        Money::nanos(static_cast<std::int64_t>(std::clamp(usd, 0.0, kMostUsd) * 1e9));
  }
  return observations;
}

std::vector<bool> frontier_of(const std::vector<ArmSummary>& arms) {
  std::vector<offline::PlanePoint> points;
  std::vector<std::size_t> priced;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (!arms[i].usd) continue;
    points.push_back({arms[i].success_of_all.share, arms[i].usd->value});
    priced.push_back(i);
  }
  const std::vector<bool> best = offline::non_dominated(points);
  std::vector<bool> result(arms.size(), false);
  for (std::size_t i = 0; i < priced.size(); ++i) result[priced[i]] = best[i];
  return result;
}

PlannedSample plan_one(const ResultTable& table, const ArmId& arm, const ArmId& baseline,
                       offline::Metric metric, double effect, double confidence) {
  PlannedSample planned{
      .arm = arm, .metric = metric, .effect = effect, .sample = {}, .why_not = {}};
  auto sample =
      offline::plan_sample(table, arm, baseline, metric, effect, {.confidence = confidence});
  if (sample) {
    planned.sample = *sample;
  } else {
    planned.why_not = sample.error().message;
  }
  return planned;
}

std::vector<PlannedSample> plan(const ResultTable& table, const CostSection& section,
                                const ReportOptions& options) {
  std::vector<PlannedSample> planned;
  std::vector<double> differences{options.margin};
  for (const double each : kSuccessDifferences) {
    if (each > options.margin) differences.push_back(each);
  }
  for (const offline::Comparison& comparison : section.comparisons) {
    const auto add = [&](offline::Metric metric, double effect) {
      planned.push_back(
          plan_one(table, comparison.arm, comparison.baseline, metric, effect, options.confidence));
    };
    for (const double each : differences) add(offline::Metric::success, each);
    for (const double each : kCostCuts) add(offline::Metric::log_cost, each);
  }
  return planned;
}

Result<CostSection> cost_section(const ResultTable& table, std::string name,
                                 const std::optional<ArmId>& baseline,
                                 const ReportOptions& options) {
  SeededRandom random(kSeed);
  CostSection section{.cost_model = std::move(name)};
  for (ArmSummary& summary :
       offline::summarise(table, {.confidence = options.confidence}, random)) {
    (summary.task_class ? section.classes : section.arms).push_back(std::move(summary));
  }
  section.not_dominated = frontier_of(section.arms);
  section.frontier = offline::frontier(table, CostView::list);
  if (!baseline) return section;
  auto comparisons = offline::compare_all(
      table, *baseline, {.confidence = options.confidence, .margin = options.margin}, random);
  if (!comparisons) return std::unexpected(comparisons.error());
  section.comparisons = std::move(*comparisons);
  if (options.plan) section.plan = plan(table, section, options);
  return section;
}

PriceLine::Price price_of(const ResultTable& table, std::size_t arm, CostView view,
                          std::string name) {
  SeededRandom random(kSeed);
  const ArmSummary summary =
      offline::summarise(table, arm, {.cost = view, .resamples = kNoResampling}, random);
  PriceLine::Price price{.cost_model = std::move(name),
                         .usd_per_task = {},
                         .usd_per_success = {},
                         .unpriced = summary.unpriced};
  if (summary.usd) price.usd_per_task = summary.usd->value;
  if (summary.cost_of_pass) price.usd_per_success = summary.cost_of_pass->ratio_of_means;
  return price;
}

std::vector<PriceLine> price_lines(const ResultTable& table, const ResultTable* machine_time,
                                   const std::string& machine_name) {
  std::vector<PriceLine> lines;
  for (std::size_t arm = 0; arm < table.arms().size(); ++arm) {
    PriceLine line{.arm = table.arms()[arm], .prices = {}};
    for (const CostView view : offline::kCostViews) {
      line.prices.push_back(price_of(table, arm, view, offline::to_string(view)));
    }
    if (machine_time != nullptr) {
      line.prices.push_back(price_of(*machine_time, arm, CostView::list, machine_name));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

void count(SuiteReport& report) {
  std::set<std::string> tasks;
  for (const ReportRow& row : report.rows.rows) {
    if (row.observation.arm.mode == "auto" && !row.mode_used.empty()) {
      ++report.auto_chose[row.observation.task_class][row.mode_used];
    }
    tasks.insert(row.observation.task);
    const bool error = row.observation.ending == offline::Ending::infrastructure_error;
    report.errors += error ? 1 : 0;
    report.estimated += row.cost_estimated ? 1 : 0;
    report.unscored += !error && !row.observation.score ? 1 : 0;
  }
  report.tasks = static_cast<int>(tasks.size());
}

void take_notes(SuiteReport& report, const ResultTable& table) {
  const auto note = [&report](int number, std::string_view text) {
    if (number > 0)
      report.notes.push_back(
          fmt::format("{} of {} rows {}", number, report.rows.rows.size(), text));
  };
  note(report.errors,
       "are infrastructure errors: failures under \"of all\", left out under \"of "
       "attempted\"; the same bench command runs them again");
  note(report.unscored, "were judged by no scorer; what the run said of itself counts");
  note(report.estimated, "have an estimated cost: the reservation of a call whose usage was lost");
  for (const ArmSummary& arm : report.costs.front().arms) {
    if (arm.unpriced == 0) continue;
    report.notes.push_back(
        fmt::format("{}: {} of {} runs have no known cost; their tasks are in "
                    "no figure of cost",
                    arm.arm.name(), arm.unpriced, arm.runs));
  }
  const int missing = report.costs.front().frontier.dropped;
  if (missing > 0) {
    report.notes.push_back(
        fmt::format("{} of {} tasks are not in the frontier cost: not every arm "
                    "ran them at a known cost",
                    missing, report.tasks));
  }
  for (const offline::ArmCheck& check : offline::check_import(table)) {
    if (!check.suspicious) continue;
    report.notes.push_back(fmt::format(
        "{}: what is hard for the other arms is not hard for it (correlation {:.2f} over {} "
        "tasks); were its rows mixed up?",
        check.arm.name(), check.correlation.value_or(0), check.tasks));
  }
}

// The baseline in this suite, or nothing when the suite doesn't have it.
Result<std::optional<ArmId>> baseline_in(const ResultTable& table, const std::string& asked) {
  if (asked.empty()) return std::optional<ArmId>();
  const std::vector<ArmId> arms = fitting(table, asked);
  if (arms.empty()) return std::optional<ArmId>();
  if (arms.size() == 1) return std::optional(arms.front());
  return fail(ErrorCode::invalid,
              fmt::format("--baseline {}: several arms fit; say which: {}", asked, names_of(arms)));
}

Result<SuiteReport> suite_report(SuiteRows rows, const ReportOptions& options) {
  SuiteReport report{.rows = std::move(rows)};
  const std::vector<Observation> observations = observations_of(report.rows);
  auto table = ResultTable::from(observations);
  if (!table) return std::unexpected(table.error());
  const auto baseline = baseline_in(*table, options.baseline);
  if (!baseline) return std::unexpected(baseline.error());
  if (*baseline) report.baseline = (*baseline)->name();
  auto list = cost_section(*table, offline::to_string(CostView::list), *baseline, options);
  if (!list) return std::unexpected(list.error());
  report.costs.push_back(std::move(*list));
  std::optional<ResultTable> machine_time;
  std::string machine_name;
  if (options.hourly_usd) {
    machine_name = offline::machine_time_cost(0, *options.hourly_usd).name;
    auto timed = ResultTable::from(at_machine_time(observations, *options.hourly_usd));
    if (!timed) return std::unexpected(timed.error());
    machine_time = std::move(*timed);
    auto section = cost_section(*machine_time, machine_name, *baseline, options);
    if (!section) return std::unexpected(section.error());
    report.costs.push_back(std::move(*section));
  }
  report.prices = price_lines(*table, machine_time ? &*machine_time : nullptr, machine_name);
  report.repeats = repeats_of(*table, observations, *baseline);
  report.ranking = ranking_of(*table, options.confidence);
  report.seeking = seeking_of(report.rows, options.confidence);
  count(report);
  take_notes(report, *table);
  if (!options.baseline.empty() && !*baseline) {
    report.notes.push_back(fmt::format("no comparison: this suite has no arm {} (it has {})",
                                       options.baseline, names_of(table->arms())));
  }
  return report;
}

}  // namespace

bool Report::has_errors() const {
  return std::ranges::any_of(suites, [](const SuiteReport& suite) { return suite.errors > 0; });
}

Result<Report> make_report(ResultFiles files, const ReportOptions& options) {
  if (options.plan && options.baseline.empty()) {
    return fail(ErrorCode::invalid,
                "--plan: sample sizes are those of a comparison; add --baseline MODE");
  }
  Report report{.options = options, .suites = {}, .notes = std::move(files.notes)};
  for (SuiteRows& rows : files.suites) {
    auto suite = suite_report(std::move(rows), options);
    if (!suite) return std::unexpected(suite.error());
    report.suites.push_back(std::move(*suite));
  }
  if (report.suites.empty()) {
    return fail(ErrorCode::invalid,
                fmt::format("no rows to report ({}); run `pareto bench SUITE --out DIR` first",
                            fmt::join(report.notes, "; ")));
  }
  const bool compared = std::ranges::any_of(
      report.suites, [](const SuiteReport& suite) { return !suite.baseline.empty(); });
  if (!options.baseline.empty() && !compared) {
    return fail(ErrorCode::invalid, fmt::format("--baseline {}: {}", options.baseline,
                                                report.suites.front().notes.back()));
  }
  if (report.suites.size() > 1) {
    report.notes.push_back(
        "the rows are of several suites or versions of a suite; each is reported apart");
  }
  return report;
}

}  // namespace pareto::reporting
