#include "policies/offline/cost_models.h"

#include <fmt/format.h>

#include <algorithm>

namespace pareto::offline {
namespace {

double prefill_seconds(const std::vector<PrefillPoint>& points, double tokens) {
  if (points.empty() || tokens <= 0) return 0;
  const PrefillPoint& first = points.front();
  if (tokens <= first.prompt_tokens || points.size() == 1) {
    return first.prompt_tokens > 0 ? first.seconds * tokens / first.prompt_tokens : 0;
  }
  auto right = std::ranges::lower_bound(points, tokens, {}, &PrefillPoint::prompt_tokens);
  if (right == points.end()) --right;
  const PrefillPoint& high = *right;
  const PrefillPoint& low = *(right - 1);
  const double width = high.prompt_tokens - low.prompt_tokens;
  if (width <= 0) return high.seconds;
  return low.seconds + (high.seconds - low.seconds) * (tokens - low.prompt_tokens) / width;
}

}  // namespace

ModelledCost machine_time_cost(double seconds, double usd_per_hour) {
  return {.name = fmt::format("machine time at {:g} USD/h", usd_per_hour),
          .value = seconds / 3600 * usd_per_hour,
          .unit = "USD"};
}

ModelledCost energy_cost(double watts, double seconds, double usd_per_kilowatt_hour) {
  return {.name = fmt::format("energy at {:g} W and {:g} USD/kWh", watts, usd_per_kilowatt_hour),
          .value = watts * seconds / 3.6e6 * usd_per_kilowatt_hour,
          .unit = "USD"};
}

ModelledCost idealised_runtime(const IdealisedRates& rates, double prompt_tokens,
                               double output_tokens) {
  return {.name = "idealised runtime",
          .value = prefill_seconds(rates.prefill, prompt_tokens) +
                   std::max(0.0, output_tokens - 1) * rates.seconds_per_output_token,
          .unit = "s"};
}

ModelledCost equivalent_flops(const TransformerShape& shape, double prompt_tokens,
                              double output_tokens, double samples) {
  const double prompt_reads = 2 * prompt_tokens * shape.kv_per_token * output_tokens;
  const double output_reads = shape.kv_per_token * output_tokens * output_tokens;
  const double compute = 2 * samples * shape.active_parameters * output_tokens +
                         shape.queries_per_kv * samples * (prompt_reads + output_reads);
  const double memory = prompt_reads + samples * output_reads;
  return {.name = "eFLOPs (attention and KV memory)",
          .value = compute + shape.flops_per_byte * memory,
          .unit = "FLOP"};
}

}  // namespace pareto::offline
