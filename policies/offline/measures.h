#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>

namespace pareto::offline {

// One efficiency level of a coding task's reference solutions.
struct EfficiencyLevel {
  double instructions = 0;     // counted instructions of its representative
  std::int64_t solutions = 0;  // reference solutions at this level
};

struct DifferentialPerformance {
  double dps = 0;       // 0..100: share of the references that the matched level is as fast as
  double dps_norm = 0;  // 0..100: the same by levels, whatever their sizes

  friend bool operator==(const DifferentialPerformance&, const DifferentialPerformance&) = default;
};

// Differential Performance Score (Liu et al. 2024, "Evaluating Language Models for Efficient Code
// Generation" (EvalPerf), arXiv 2408.06450, the DPS). The solution matches the fastest level
// that it needs no more instructions than; one slower than all levels scores 0. The levels' order
// does not matter. Nothing without a reference solution.
std::optional<DifferentialPerformance> differential_performance(
    double instructions, std::span<const EfficiencyLevel> levels);

// What a local model said of a text.
struct TextLikelihood {
  double bytes = 0;                    // of the text, as UTF-8
  double tokens = 0;                   // of the model's own tokenizer
  double negative_log_likelihood = 0;  // nats, of all tokens
};

// Information Capacity ("Information Capacity: Evaluating the Efficiency of Large Language Models
// via Text Compression", arXiv 2511.08066): bits that the model saves per token over the
// plain text, plus a bias, over log2 of its FLOPs per token. The bias is the paper's constant of
// the corpus: -24 (mixed), -18.7 (Chinese FineWeb-Edu), -27 (others). Nothing for no tokens, or
// FLOPs of 1 or less.
std::optional<double> information_capacity(const TextLikelihood& text, double flops_per_token,
                                           double bias = -24);

// Information-seeking rate and efficiency (WebLeaper, arXiv 2510.24697, its metrics ISR and ISE):
// the share of the required entities that were found, and required entities per step.
struct InformationSeeking {
  double isr = 0;
  double ise = 0;  // 0 without a step

  friend bool operator==(const InformationSeeking&, const InformationSeeking&) = default;
};

// Nothing when no entity is required.
std::optional<InformationSeeking> information_seeking(const std::set<std::string>& required,
                                                      const std::set<std::string>& obtained,
                                                      std::int64_t steps);

}  // namespace pareto::offline
