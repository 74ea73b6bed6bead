#include "policies/offline/suite_noise.h"

#include <cmath>
#include <map>
#include <set>

namespace pareto::offline {
namespace {

double variance(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  double mean = 0;
  for (const double value : values) mean += value / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares / (count - 1);
}

}  // namespace

SeedNoise seed_noise(std::span<const Observation> observations, const ArmId& arm) {
  std::map<std::string, std::map<std::int64_t, double>> by_task;
  std::set<std::int64_t> repeats;
  for (const Observation& observation : observations) {
    if (observation.arm != arm) continue;
    by_task[observation.task][observation.repeat] = success_of(observation);
    repeats.insert(observation.repeat);
  }
  SeedNoise noise{.seeds = static_cast<int>(repeats.size())};
  std::map<std::int64_t, double> sums;
  for (const auto& [task, scores] : by_task) {
    if (scores.size() != repeats.size()) continue;
    ++noise.tasks;
    for (const auto& [repeat, score] : scores) sums[repeat] += score;
  }
  if (noise.tasks == 0) return noise;
  std::vector<double> scores;
  for (const auto& [repeat, sum] : sums) {
    scores.push_back(sum / noise.tasks);
    noise.mean += scores.back() / noise.seeds;
  }
  if (noise.seeds < 2) return noise;
  noise.deviation = std::sqrt(variance(scores));
  if (noise.deviation > 0) noise.signal_to_noise = noise.mean / noise.deviation;
  return noise;
}

std::optional<SuiteNoise> suite_noise(std::span<const SeedNoise> arms) {
  std::vector<double> means;
  double squares = 0;
  double degrees = 0;
  for (const SeedNoise& arm : arms) {
    if (arm.seeds < 2 || arm.tasks == 0) continue;
    means.push_back(arm.mean);
    squares += arm.deviation * arm.deviation * (arm.seeds - 1);
    degrees += arm.seeds - 1;
  }
  if (means.size() < 2) return std::nullopt;
  SuiteNoise result{.signal = std::sqrt(variance(means)), .noise = std::sqrt(squares / degrees)};
  if (result.noise > 0) result.signal_to_noise = result.signal / result.noise;
  return result;
}

}  // namespace pareto::offline
