#include "policies/offline/summary.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "policies/offline/proportion.h"
#include "policies/offline/resampling.h"

namespace pareto::offline {
namespace {

// Passes and runs per task.
Proportion proportion(std::span<const RatioTerm> terms, double confidence) {
  Proportion result;
  for (const RatioTerm& term : terms) {
    result.passes += term.top;
    result.runs += static_cast<int>(term.bottom);
  }
  if (result.runs == 0) return result;
  const auto runs = static_cast<double>(result.runs);
  const auto tasks = static_cast<double>(terms.size());
  result.share = result.passes / runs;
  double squares = 0;
  for (const RatioTerm& term : terms) {
    const double residual = term.top - result.share * term.bottom;
    squares += residual * residual;
  }
  const double independent = result.share * (1 - result.share) * runs * runs;
  result.effective = std::clamp(squares > 0 ? independent / squares : tasks, tasks, runs);
  result.interval = wilson_interval(result.share * result.effective, result.effective, confidence);
  return result;
}

Estimated mean_of(std::span<const Cell> cells, double Cell::* sum, double confidence) {
  std::vector<RatioTerm> terms;
  for (const Cell& cell : cells) {
    if (cell.counted > 0) terms.push_back({cell.*sum, static_cast<double>(cell.counted)});
  }
  return ratio_of_sums(terms, confidence);
}

std::optional<Estimated> mean_usd(std::span<const Cell> cells, CostView view, double confidence) {
  std::vector<RatioTerm> terms;
  for (const Cell& cell : cells) {
    if (cell.priced(view)) {
      terms.push_back({cell.cost(view).usd(), static_cast<double>(cell.counted)});
    }
  }
  if (terms.empty()) return std::nullopt;
  return ratio_of_sums(terms, confidence);
}

void count(ArmSummary& summary, std::span<const Cell> cells, const SummaryOptions& options) {
  std::vector<RatioTerm> all;
  std::vector<RatioTerm> attempted;
  for (const Cell& cell : cells) {
    if (cell.runs == 0) continue;
    ++summary.tasks;
    summary.runs += cell.runs;
    summary.errors += cell.errors;
    summary.unpriced += cell.cost(options.cost).unpriced;
    all.push_back({cell.successes, static_cast<double>(cell.runs)});
    if (cell.runs > cell.errors) {
      attempted.push_back({cell.successes, static_cast<double>(cell.runs - cell.errors)});
    }
  }
  summary.success_of_all = proportion(all, options.confidence);
  summary.success_of_attempted = proportion(attempted, options.confidence);
}

}  // namespace

ArmSummary summarise(const ResultTable& table, std::size_t arm, const SummaryOptions& options,
                     Random& random) {
  const std::span<const Cell> cells = table.cells(arm);
  const double confidence = options.confidence;
  ArmSummary summary{.arm = table.arms()[arm]};
  count(summary, cells, options);
  summary.prompt_tokens = mean_of(cells, &Cell::prompt_tokens, confidence);
  summary.cached_tokens = mean_of(cells, &Cell::cached_tokens, confidence);
  summary.completion_tokens = mean_of(cells, &Cell::completion_tokens, confidence);
  summary.seconds = mean_of(cells, &Cell::seconds, confidence);
  summary.turns = mean_of(cells, &Cell::turns, confidence);
  summary.usd = mean_usd(cells, options.cost, confidence);
  summary.cost_of_pass = cost_of_pass(cells, options.cost, confidence, options.resamples, random);
  summary.retried = retried(cells, options.cost, options.attempts);
  return summary;
}

std::vector<ArmSummary> summarise(const ResultTable& table, const SummaryOptions& options,
                                  Random& random) {
  std::vector<ArmSummary> summaries;
  for (std::size_t arm = 0; arm < table.arms().size(); ++arm) {
    summaries.push_back(summarise(table, arm, options, random));
  }
  const std::vector<std::string> classes = table.classes();
  if (classes.size() < 2) return summaries;
  for (const std::string& task_class : classes) {
    const ResultTable part = table.of_class(task_class);
    for (std::size_t arm = 0; arm < part.arms().size(); ++arm) {
      ArmSummary summary = summarise(part, arm, options, random);
      if (summary.runs == 0) continue;
      summary.task_class = task_class;
      summaries.push_back(std::move(summary));
    }
  }
  return summaries;
}

std::vector<bool> non_dominated(std::span<const PlanePoint> points) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // From cheap to dear, at the same cost the best first: a point is dominated by what came before
  // it unless it succeeds more often, or equals the last one that did.
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    if (points[a].usd != points[b].usd) return points[a].usd < points[b].usd;
    return points[a].success > points[b].success;
  });
  std::vector<bool> result(points.size(), false);
  PlanePoint last{.success = -std::numeric_limits<double>::infinity(),
                  .usd = -std::numeric_limits<double>::infinity()};
  for (const std::size_t index : order) {
    const PlanePoint& point = points[index];
    const bool equal = point.success == last.success && point.usd == last.usd;
    if (point.success > last.success || equal) {
      result[index] = true;
      last = point;
    }
  }
  return result;
}

}  // namespace pareto::offline
