#include "policies/offline/measures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "policies/offline/cost_models.h"

namespace pareto::offline {
namespace {

TEST(DifferentialPerformanceTest, MatchesTheFastestLevel) {
  const std::vector<EfficiencyLevel> levels{{1000, 5}, {100, 4}, {10, 1}};
  using Score = DifferentialPerformance;
  EXPECT_EQ(differential_performance(2000, levels), (Score{0, 0}));
  EXPECT_EQ(differential_performance(1000, levels), (Score{50, 100.0 / 3}));
  EXPECT_EQ(differential_performance(50, levels), (Score{90, 200.0 / 3}));
  EXPECT_EQ(differential_performance(5, levels), (Score{100, 100}));
  EXPECT_EQ(differential_performance(5, {}), std::nullopt);
}

TEST(InformationCapacityTest, BitsSavedPerTokenOverLogFlops) {
  // 32 bits of text and 3 bits of likelihood a token, bias -24, 2^30 FLOPs: 5 / 30.
  const TextLikelihood text{
      .bytes = 4000, .tokens = 1000, .negative_log_likelihood = 3000 * std::log(2)};
  EXPECT_NEAR(information_capacity(text, std::pow(2, 30)).value(), 5.0 / 30, 1e-12);
  EXPECT_NEAR(information_capacity(text, std::pow(2, 30), -27).value(), 2.0 / 30, 1e-12);
  EXPECT_FALSE(information_capacity({}, 1e9));
  EXPECT_FALSE(information_capacity(text, 1));
}

TEST(InformationSeekingTest, RateAndEfficiency) {
  EXPECT_EQ(information_seeking({"a", "b", "c", "d"}, {"b", "d", "other"}, 8),
            (InformationSeeking{.isr = 0.5, .ise = 0.5}));
  EXPECT_EQ(information_seeking({"a"}, {}, 0), (InformationSeeking{.isr = 0, .ise = 0}));
  EXPECT_FALSE(information_seeking({}, {"a"}, 3));
}

TEST(CostModelsTest, MachineTimeAndEnergy) {
  EXPECT_EQ(machine_time_cost(1800, 0.5), (ModelledCost{"machine time at 0.5 USD/h", 0.25, "USD"}));
  const ModelledCost energy = energy_cost(250, 3600, 0.4);
  EXPECT_EQ(energy.name, "energy at 250 W and 0.4 USD/kWh");
  EXPECT_DOUBLE_EQ(energy.value, 0.1);
}

// The 175B class on A100s in arXiv 2305.02440: 0.597 s for 1920 tokens, 0.081 s a token.
TEST(CostModelsTest, IdealisedRuntime) {
  const IdealisedRates one{.prefill = {{1920, 0.597}}, .seconds_per_output_token = 0.081};
  const auto seconds = [](const IdealisedRates& rates, double prompt, double output) {
    return idealised_runtime(rates, prompt, output).value;
  };
  EXPECT_NEAR(seconds(one, 1920, 101), 8.697, 1e-12);
  EXPECT_NEAR(seconds(one, 960, 1), 0.2985, 1e-12);
  EXPECT_NEAR(seconds(one, 1920, 0), 0.597, 1e-12);
  const IdealisedRates table{.prefill = {{100, 1}, {200, 3}, {400, 4}}};
  EXPECT_DOUBLE_EQ(seconds(table, 50, 1), 0.5);
  EXPECT_DOUBLE_EQ(seconds(table, 100, 1), 1);
  EXPECT_DOUBLE_EQ(seconds(table, 150, 1), 2);
  EXPECT_DOUBLE_EQ(seconds(table, 300, 1), 3.5);
  EXPECT_DOUBLE_EQ(seconds(table, 600, 1), 5);
  EXPECT_EQ(seconds({}, 600, 5), 0);
}

// Term by term as the paper writes it.
TEST(CostModelsTest, EquivalentFlops) {
  const double p = 8e9;
  const double d = 65536;
  const double r = 4;
  const double intensity = 562.5;
  const double n = 3;
  const double in = 1000;
  const double out = 200;
  const double expected = 2 * n * p * out + 2 * r * n * in * d * out + r * n * d * out * out +
                          2 * intensity * in * d * out + intensity * n * d * out * out;
  EXPECT_NEAR(
      equivalent_flops({.active_parameters = p, .kv_per_token = d, .queries_per_kv = r}, in, out, n)
              .value /
          expected,
      1, 1e-12);
}

}  // namespace
}  // namespace pareto::offline
