#pragma once

#include <optional>
#include <span>
#include <vector>

#include "policies/offline/attempts.h"
#include "policies/offline/result_table.h"
#include "policies/offline/sharpe_ratio.h"
#include "policies/offline/suite_noise.h"
#include "policies/offline/variance_split.h"

namespace pareto::reporting {

// What an arm's repeats of the same tasks tell beyond its success.
struct ArmRepeats {
  offline::ArmId arm;
  // pass@k and pass^k of the k that some task has runs for.
  std::vector<offline::AttemptScore> attempts;
  offline::SeedNoise seeds;
  // Of the mean success over tasks: whether more tasks or more repeats would say more.
  offline::VarianceSplit split;
};

// How the k arms that the first repeat ranks highest did in all later repeats.
struct Selection {
  int k = 0;
  offline::TopK top;  // success; `baseline` is the baseline's
};

struct Repeats {
  std::vector<std::int64_t> ks;  // 1, 2, 4, ... and the most runs of a task
  std::vector<ArmRepeats> arms;  // those that ran a task twice
  std::optional<offline::SuiteNoise> suite;
  // SharpeRatio@k of choosing by one repeat; from three arms on and with a baseline.
  std::vector<Selection> selections;
};

// Nothing when no arm ran a task twice. `table` is made of `observations`.
std::optional<Repeats> repeats_of(const offline::ResultTable& table,
                                  std::span<const offline::Observation> observations,
                                  const std::optional<offline::ArmId>& baseline);

}  // namespace pareto::reporting
