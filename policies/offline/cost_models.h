#pragma once

#include <string>
#include <vector>

namespace pareto::offline {

// What a run cost by something else than a price table, with the name to show beside the figure.
struct ModelledCost {
  std::string name;  // "machine time at 0.5 USD/h"
  double value = 0;
  std::string unit;  // "USD", "s", "FLOP"

  friend bool operator==(const ModelledCost&, const ModelledCost&) = default;
};

// Measured seconds at the hourly price of the machine, in USD.
ModelledCost machine_time_cost(double seconds, double usd_per_hour);

// Energy: watts while working, at the price of a kilowatt hour, in USD.
ModelledCost energy_cost(double watts, double seconds, double usd_per_kilowatt_hour);

struct PrefillPoint {
  double prompt_tokens = 0;
  double seconds = 0;
};

// A machine that has nothing else to do (Narayanan et al. 2023, "Cheaply Estimating Inference
// Efficiency Metrics for Autoregressive Transformer Models", arXiv 2305.02440, the idealised
// runtime).
struct IdealisedRates {
  std::vector<PrefillPoint> prefill;  // by rising tokens; one point is a rate
  double seconds_per_output_token = 0;
};

// prefill(prompt) + (output - 1) * seconds per token, in seconds: the first token comes with the
// prefill. Between points prefill is linear, before the first proportional, beyond the last it goes
// on with the last slope. `prompt_tokens` are those that must be computed, without cached ones.
ModelledCost idealised_runtime(const IdealisedRates& rates, double prompt_tokens,
                               double output_tokens);

// Of a transformer with grouped-query attention.
struct TransformerShape {
  double active_parameters = 0;
  double kv_per_token = 0;        // numbers of keys and values that a token leaves in the cache
  double queries_per_kv = 1;      // query heads / KV heads
  double flops_per_byte = 562.5;  // of the machine: peak compute / memory bandwidth (B200)
};

// FLOPs with attention, and the memory traffic of the KV cache as FLOPs that could have been done
// meanwhile: eFLOPs of "Kinetics: Rethinking Test-Time Scaling Laws" (arXiv 2506.05333, the cost
// model),
//   2NP*Lout + 2rN*Lin*D*Lout + rN*D*Lout^2 + 2I*Lin*D*Lout + I*N*D*Lout^2
// for N samples of one prompt, so that the prompt's cache is read once for all of them.
ModelledCost equivalent_flops(const TransformerShape& shape, double prompt_tokens,
                              double output_tokens, double samples = 1);

}  // namespace pareto::offline
