#include "apps/report/ranking.h"

#include "agent/core/random.h"
#include "policies/offline/distributions.h"

namespace pareto::reporting {
namespace {

constexpr std::size_t kFewest = 3;
constexpr std::size_t kMost = 200;
constexpr std::uint64_t kSeed = 1;
constexpr int kFolds = 5;
// Far below what is shown.
constexpr offline::BradleyTerryOptions kFit{.tolerance = 1e-6};

}  // namespace

std::optional<Ranking> ranking_of(const offline::ResultTable& table, double confidence) {
  if (table.arms().size() < kFewest || table.arms().size() > kMost) return std::nullopt;
  SeededRandom random(kSeed);
  Ranking ranking{.fit = offline::fit_bradley_terry(table, kFit),
                  .intervals = {},
                  .held_out = offline::held_out_loss(table, kFolds, random, kFit)};
  const double z = offline::normal_quantile(0.5 + confidence / 2);
  for (const offline::Ability& arm : ranking.fit.arms) {
    ranking.intervals.push_back(
        {arm.ability - z * arm.standard_error, arm.ability + z * arm.standard_error});
  }
  return ranking;
}

}  // namespace pareto::reporting
