#pragma once

#include <optional>
#include <span>
#include <vector>

#include "policies/offline/observation.h"

namespace pareto::offline {

// How far the score of a suite moves when only the seed does.
struct SeedNoise {
  int seeds = 0;
  int tasks = 0;  // that every repeat ran
  double mean = 0;
  double deviation = 0;  // over seeds, n - 1
  // mean / deviation; absent when the deviation is 0 or there is one seed.
  std::optional<double> signal_to_noise;
};

// One arm's repeats as seeds: the scores of the suite, repeat by repeat, on the tasks that all of
// its repeats ran (Madaan et al. 2024, "Quantifying Variance in Evaluation Benchmarks", arXiv
// 2406.10229, seed variance and the ratio of mean to it). Graded scores have a higher
// ratio than passes. Infrastructure errors are failures.
SeedNoise seed_noise(std::span<const Observation> observations, const ArmId& arm);

// Whether a suite can tell arms apart: the deviation of the arms' means over the pooled deviation
// of their seeds.
struct SuiteNoise {
  double signal = 0;
  double noise = 0;
  std::optional<double> signal_to_noise;  // absent without noise
};

// Nothing with fewer than two arms that have two seeds.
std::optional<SuiteNoise> suite_noise(std::span<const SeedNoise> arms);

}  // namespace pareto::offline
