#pragma once

#include <string>
#include <vector>

#include "policies/offline/comparison.h"

namespace pareto::offline {

struct Pair {
  const Cell* arm = nullptr;
  const Cell* baseline = nullptr;
  std::string task_class;
};

// The tasks of two arms side by side: pointers into the table.
struct Pairing {
  std::vector<Pair> pairs;
  std::vector<Dropped> dropped;
};

Pairing pair_up(const ResultTable& table, std::size_t arm, std::size_t baseline);

// For each pair the number of its cluster, from 0 without gaps.
std::vector<std::size_t> cluster_numbers(const std::vector<Pair>& pairs, Clusters clusters);

// The mean success of one arm on a task, with the variance that repeats give to it.
TaskMoment success_moment(const Cell& cell);
// Arm minus baseline of the same.
TaskMoment success_moment(const Pair& pair);
// log(arm / baseline) of the mean costs, which must be positive.
TaskMoment log_cost_moment(const Pair& pair, CostView view);

}  // namespace pareto::offline
