#include "policies/offline/measures.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pareto::offline {

std::optional<DifferentialPerformance> differential_performance(
    double instructions, std::span<const EfficiencyLevel> levels) {
  double all = 0;
  double at_least_as_slow = 0;
  double matched = 0;
  for (const EfficiencyLevel& level : levels) {
    all += static_cast<double>(level.solutions);
    if (instructions <= level.instructions) {
      at_least_as_slow += static_cast<double>(level.solutions);
      ++matched;
    }
  }
  if (all <= 0) return std::nullopt;
  return DifferentialPerformance{.dps = 100 * at_least_as_slow / all,
                                 .dps_norm = 100 * matched / static_cast<double>(levels.size())};
}

std::optional<double> information_capacity(const TextLikelihood& text, double flops_per_token,
                                           double bias) {
  if (text.tokens <= 0 || flops_per_token <= 1) return std::nullopt;
  const double text_bits = 8 * text.bytes / text.tokens;
  const double likelihood_bits = text.negative_log_likelihood / text.tokens / std::numbers::ln2;
  return (text_bits - likelihood_bits + bias) / std::log2(flops_per_token);
}

std::optional<InformationSeeking> information_seeking(const std::set<std::string>& required,
                                                      const std::set<std::string>& obtained,
                                                      std::int64_t steps) {
  if (required.empty()) return std::nullopt;
  const auto needed = static_cast<double>(required.size());
  const auto found = static_cast<double>(std::ranges::count_if(
      required, [&](const std::string& entity) { return obtained.contains(entity); }));
  return InformationSeeking{.isr = found / needed,
                            .ise = steps > 0 ? needed / static_cast<double>(steps) : 0};
}

}  // namespace pareto::offline
