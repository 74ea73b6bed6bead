#pragma once

#include <optional>
#include <span>
#include <string>

#include "agent/core/model.h"
#include "agent/core/recall.h"
#include "agent/core/route.h"
#include "policies/routing/priors.h"
#include "policies/routing/situation.h"

namespace pareto {

// How runs of one kind went with one mode and model, summed over the experience store.
struct KindOutcomes {
  TaskKind kind = TaskKind::other;
  Mode mode = Mode::instant;
  std::string model;
  double runs = 0;
  double successes = 0;  // 0..runs

  friend bool operator==(const KindOutcomes&, const KindOutcomes&) = default;
};

struct EvidenceWeights {
  double neighbour = 2;           // pseudo-outcomes of one run of the very same task
  double neighbour_scale = 0.15;  // weight falls by e for every so much similarity less
  double neighbour_cap = 16;      // pseudo-outcomes of all neighbours of one arm together
  double kind_cap = 40;           // pseudo-outcomes of all runs of one kind together
};

struct Estimate {
  double success = 0;
  std::optional<Money> cost;  // absent: the price is unknown
  double ranked_cost = 0;     // USD; with an assumed price when the price is unknown
  std::string source;         // "prior 0.27 (10), 3 similar runs 0.50 (4.2)"
};

// Beta prior, then the runs of the same kind, then the similar runs as pseudo-outcomes.
Estimate estimate(const Arm& arm, const ModelInfo& model, const Situation& situation,
                  std::span<const Neighbour> neighbours, std::span<const KindOutcomes> outcomes,
                  const EvidenceWeights& weights);

}  // namespace pareto
