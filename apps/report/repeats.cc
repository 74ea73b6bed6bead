#include "apps/report/repeats.h"

#include <algorithm>
#include <ranges>

#include "policies/offline/pairing.h"

namespace pareto::reporting {
namespace {

using offline::ArmId;
using offline::Cell;
using offline::Observation;
using offline::ResultTable;

constexpr std::size_t kFewestToChooseFrom = 3;
constexpr std::size_t kMostChosen = 5;

int most_runs(std::span<const Cell> cells) {
  int most = 0;
  for (const Cell& cell : cells) most = std::max(most, cell.counted);
  return most;
}

std::vector<std::int64_t> numbers_of_tries(int most) {
  std::vector<std::int64_t> ks;
  for (std::int64_t k = 1; k < most; k *= 2) ks.push_back(k);
  ks.push_back(most);
  return ks;
}

ArmRepeats repeats_of_arm(const ResultTable& table, std::size_t arm,
                          std::span<const Observation> observations,
                          std::span<const std::int64_t> ks) {
  const std::span<const Cell> cells = table.cells(arm);
  ArmRepeats repeats{.arm = table.arms()[arm]};
  for (const std::int64_t k : ks) {
    if (auto score = offline::attempt_score(cells, k)) repeats.attempts.push_back(*score);
  }
  repeats.seeds = offline::seed_noise(observations, repeats.arm);
  std::vector<offline::TaskMoment> moments;
  for (const Cell& cell : cells) {
    if (cell.counted > 0) moments.push_back(offline::success_moment(cell));
  }
  repeats.split = offline::split_variance(moments);
  return repeats;
}

// The mean over tasks of an arm's mean success; nothing when it ran none of them.
std::optional<double> mean_success(const ResultTable& table, const ArmId& arm) {
  const auto index = table.find(arm);
  if (!index) return std::nullopt;
  double sum = 0;
  int tasks = 0;
  for (const Cell& cell : table.cells(*index)) {
    if (cell.counted == 0) continue;
    sum += cell.mean_success();
    ++tasks;
  }
  if (tasks == 0) return std::nullopt;
  return sum / tasks;
}

// The first repeat is the estimate, the later ones are what it was worth.
std::vector<Selection> selections_of(const ResultTable& table,
                                     std::span<const Observation> observations,
                                     const ArmId& baseline) {
  const std::int64_t first = std::ranges::min(observations, {}, &Observation::repeat).repeat;
  std::vector<Observation> pilot;
  std::vector<Observation> later;
  for (const Observation& each : observations) {
    (each.repeat == first ? pilot : later).push_back(each);
  }
  const auto pilot_table = ResultTable::from(pilot);
  const auto later_table = ResultTable::from(later);
  if (!pilot_table || !later_table) return {};
  std::vector<double> estimates;
  std::vector<double> truths;
  for (const ArmId& arm : table.arms()) {
    const auto estimate = mean_success(*pilot_table, arm);
    const auto truth = mean_success(*later_table, arm);
    if (!estimate || !truth) continue;
    estimates.push_back(*estimate);
    truths.push_back(*truth);
  }
  const auto worth = mean_success(*later_table, baseline);
  if (!worth || estimates.size() < kFewestToChooseFrom) return {};
  std::vector<Selection> selections;
  for (std::size_t k = 2; k <= std::min(kMostChosen, estimates.size()); ++k) {
    const auto top = offline::sharpe_ratio_at_k(estimates, truths, *worth, k);
    if (top) selections.push_back({.k = static_cast<int>(k), .top = *top});
  }
  return selections;
}

}  // namespace

std::optional<Repeats> repeats_of(const ResultTable& table,
                                  std::span<const Observation> observations,
                                  const std::optional<ArmId>& baseline) {
  Repeats repeats;
  int most = 0;
  for (std::size_t arm = 0; arm < table.arms().size(); ++arm) {
    most = std::max(most, most_runs(table.cells(arm)));
  }
  if (most < 2) return std::nullopt;
  repeats.ks = numbers_of_tries(most);
  std::vector<offline::SeedNoise> noise;
  for (std::size_t arm = 0; arm < table.arms().size(); ++arm) {
    if (most_runs(table.cells(arm)) < 2) continue;
    repeats.arms.push_back(repeats_of_arm(table, arm, observations, repeats.ks));
    noise.push_back(repeats.arms.back().seeds);
  }
  repeats.suite = offline::suite_noise(noise);
  if (baseline) repeats.selections = selections_of(table, observations, *baseline);
  return repeats;
}

}  // namespace pareto::reporting
