#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "policies/offline/result_table.h"

namespace pareto::offline {

// pass@k: the probability that one of k tries passes, from c passes in n tries, without bias:
// 1 - C(n-c, k) / C(n, k) (Chen et al. 2021, arXiv 2107.03374, section 2.1). Nothing for k > n, k <
// 1 and c outside 0..n: with fewer tries than k there is no unbiased estimate.
std::optional<double> pass_at_k(std::int64_t n, std::int64_t c, std::int64_t k);

// pass^k: the probability that all of k tries pass: C(c, k) / C(n, k) (Yao et al. 2024,
// "tau-bench", arXiv 2406.12045). Nothing in the same cases.
std::optional<double> pass_hat_k(std::int64_t n, std::int64_t c, std::int64_t k);

// The mean over tasks.
struct AttemptScore {
  std::int64_t k = 0;
  int tasks = 0;
  int dropped = 0;  // tasks with fewer than k runs, or with scores that are neither 0 nor 1
  double at_k = 0;
  double hat_k = 0;

  friend bool operator==(const AttemptScore&, const AttemptScore&) = default;
};

// Nothing when no task has k runs.
std::optional<AttemptScore> attempt_score(std::span<const Cell> cells, std::int64_t k);

}  // namespace pareto::offline
