#pragma once

#include <optional>
#include <vector>

#include "agent/core/random.h"
#include "policies/offline/comparison.h"
#include "policies/offline/pairing.h"

namespace pareto::offline {

struct CostPart {
  CostDifference difference;
  std::optional<VarianceSplit> split;
};

// The part of a comparison that is about cost; nothing when no pair has a known cost.
std::optional<CostPart> compare_costs(const std::vector<Pair>& pairs, const CompareOptions& options,
                                      Random& random);

}  // namespace pareto::offline
