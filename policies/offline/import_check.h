#pragma once

#include <optional>
#include <vector>

#include "policies/offline/result_table.h"

namespace pareto::offline {

// Whether an arm's outcomes belong to the tasks they stand beside. What is hard for other arms is
// hard for this one (correlations of 0.5 to 0.8 are usual); near 0 the rows were permuted somewhere
// on the way, and whatever joins cost with success per task would be wrong.
struct ArmCheck {
  ArmId arm;
  int tasks = 0;                      // that it and another arm ran
  std::optional<double> correlation;  // with the mean of the others; absent when one does not vary
  bool suspicious = false;            // below 0.2, on at least 20 tasks

  friend bool operator==(const ArmCheck&, const ArmCheck&) = default;
};

std::vector<ArmCheck> check_import(const ResultTable& table);

}  // namespace pareto::offline
