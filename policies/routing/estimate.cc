#include "policies/routing/estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pareto {
namespace {

// For ranking only: what a model without a known price is taken to cost, in USD per million tokens.
constexpr Price kAssumedPrice = {Money::nanos(3'000'000'000), Money::nanos(300'000'000),
                                 Money::nanos(3'750'000'000), Money::nanos(15'000'000'000)};
// The expected cost of an arm from its prices is worth as much as this many runs.
constexpr double kCostEvidence = 2;

double usd(Money money) { return static_cast<double>(money.to_nanos()) * 1e-9; }

// Pseudo-outcomes: how many, how well they went, what they cost.
struct Evidence {
  int runs = 0;
  double weight = 0;
  double success = 0;  // weighted sum
  double cost = 0;     // weighted sum, USD

  void cap(double most) {
    if (weight <= most) return;
    const double scale = most / weight;
    weight *= scale;
    success *= scale;
    cost *= scale;
  }
};

Evidence similar_runs(const Arm& arm, std::span<const Neighbour> neighbours,
                      const EvidenceWeights& weights) {
  Evidence evidence;
  for (const Neighbour& neighbour : neighbours) {
    if (neighbour.mode != arm.mode || neighbour.model != arm.model) continue;
    const double similarity = std::clamp(neighbour.similarity, 0.0, 1.0);
    const double weight = weights.neighbour * std::exp((similarity - 1) / weights.neighbour_scale);
    ++evidence.runs;
    evidence.weight += weight;
    evidence.success += weight * std::clamp(neighbour.success, 0.0, 1.0);
    evidence.cost += weight * usd(neighbour.cost);
  }
  evidence.cap(weights.neighbour_cap);
  return evidence;
}

Evidence same_kind(const Arm& arm, TaskKind kind, std::span<const KindOutcomes> outcomes,
                   const EvidenceWeights& weights) {
  Evidence evidence;
  for (const KindOutcomes& outcome : outcomes) {
    if (outcome.kind != kind || outcome.mode != arm.mode || outcome.model != arm.model) continue;
    if (!(outcome.runs > 0)) continue;
    evidence.weight += outcome.runs;
    evidence.success += std::clamp(outcome.successes, 0.0, outcome.runs);
  }
  evidence.runs = static_cast<int>(std::min(evidence.weight, 1e9));
  evidence.cap(weights.kind_cap);
  return evidence;
}

std::string described(const Prior& prior, const Evidence& kind, const Evidence& similar) {
  std::string text = fmt::format("prior {:.2f} ({:.0f})", prior.success, prior.evidence);
  const auto add = [&](const Evidence& evidence, std::string_view what) {
    if (evidence.runs == 0 || evidence.weight <= 0) return;
    text += fmt::format(", {} {} {:.2f} ({:.1f})", evidence.runs, what,
                        evidence.success / evidence.weight, evidence.weight);
  };
  add(kind, kind.runs == 1 ? "run of this kind" : "runs of this kind");
  add(similar, similar.runs == 1 ? "similar run" : "similar runs");
  return text;
}

}  // namespace

Estimate estimate(const Arm& arm, const ModelInfo& model, const Situation& situation,
                  std::span<const Neighbour> neighbours, std::span<const KindOutcomes> outcomes,
                  const EvidenceWeights& weights) {
  const Prior prior = prior_of(situation.kind, arm.mode, model.small, situation.passages);
  const Evidence similar = similar_runs(arm, neighbours, weights);
  const Evidence kind = same_kind(arm, situation.kind, outcomes, weights);
  Estimate result;
  result.success = (prior.evidence * prior.success + kind.success + similar.success) /
                   (prior.evidence + kind.weight + similar.weight);
  result.source = described(prior, kind, similar);
  const double shown = arm.mode == Mode::agentic ? situation.agent_tokens : situation.single_tokens;
  const Usage usage = expected_usage(prior, arm.effort, shown, usual_effort(arm.mode));
  const double listed = usd(cost_of(usage, model.price.value_or(kAssumedPrice)));
  result.ranked_cost = (kCostEvidence * listed + similar.cost) / (kCostEvidence + similar.weight);
  if (model.price) {
    result.cost = Money::nanos(static_cast<std::int64_t>(std::llround(result.ranked_cost * 1e9)));
    result.ranked_cost = usd(*result.cost);
  } else {
    result.ranked_cost = listed;
  }
  return result;
}

}  // namespace pareto
