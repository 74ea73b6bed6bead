#pragma once

#include <optional>
#include <span>

namespace pareto::offline {

// How a selector of policies did among the k that it thought best.
struct TopK {
  double best = 0;
  double worst = 0;
  double mean = 0;
  double deviation = 0;  // of the population of k
  // (best - baseline) / deviation; absent when the k don't differ.
  std::optional<double> sharpe_ratio;
};

// SharpeRatio@k (Kiyohara et al. 2023, "Towards Assessing and Benchmarking Risk-Return Tradeoff of
// Off-Policy Evaluation", arXiv 2311.18207): `estimates` choose the top k, `truths` are
// what those turned out to be worth, `baseline` is the worth of the policy in use. In the paper the
// policy in use is one of the candidates. Ties go to the first. Nothing for k outside of
// 1..candidates, or estimates and truths of different lengths.
std::optional<TopK> sharpe_ratio_at_k(std::span<const double> estimates,
                                      std::span<const double> truths, double baseline,
                                      std::size_t k);

}  // namespace pareto::offline
