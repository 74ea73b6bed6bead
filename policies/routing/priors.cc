#include "policies/routing/priors.h"

#include <algorithm>
#include <cmath>

namespace pareto {
namespace {

struct KindPrior {
  double instant;
  double reasoning;
  double agentic;
  double instant_tokens;  // completion tokens
  double reasoning_tokens;
  double agentic_turns;
};

// Without the passages a question about a corpus is answered from memory.
constexpr KindPrior kClosedBookSmall = {.12, .14, .33, 40, 250, 4};
constexpr KindPrior kClosedBookLarge = {.40, .45, .70, 40, 400, 4};

// Qwen2.5-Coder-1.5B (Q4_K_M), greedy, on public tasks: HumanEvalFix and QuixBugs in one call 8 of
// 15, thinking 6 of 15; functions of HumanEval 7 and 9 of 11; GSM8K 0 of 20 and 12 of 24; MATH-500
// (whole numbers, levels 1 to 3) 1 and 6 of 9; HotpotQA and MuSiQue with passages, mean F1 over 24,
// 0.40 and 0.33; plain questions 14 and 18 of 20. Acting was tried on the demo only. The other
// cells are guesses between those.
KindPrior small_prior(TaskKind kind) {
  switch (kind) {
    case TaskKind::repair:
      return {.52, .44, .10, 220, 370, 6};
    case TaskKind::code_writing:
      return {.62, .78, .18, 285, 500, 7};
    case TaskKind::arithmetic:
      return {.04, .50, .30, 5, 260, 4};
    case TaskKind::mathematics:
      return {.12, .62, .15, 6, 320, 5};
    case TaskKind::multi_hop:
      return {.40, .34, .33, 6, 175, 4};
    case TaskKind::lookup:
      return {.55, .50, .45, 40, 250, 3};
    case TaskKind::recent_facts:
      return {.05, .05, .10, 60, 250, 4};
    case TaskKind::summary:
      return {.60, .55, .45, 200, 500, 4};
    case TaskKind::plain_question:
      return {.68, .86, .40, 3, 75, 3};
    case TaskKind::other:
      return {.35, .37, .28, 150, 400, 6};
  }
  return {.35, .37, .28, 150, 400, 6};
}

KindPrior large_prior(TaskKind kind) {
  switch (kind) {
    case TaskKind::repair:
      return {.60, .68, .82, 400, 1'800, 8};
    case TaskKind::code_writing:
      return {.60, .70, .78, 600, 2'200, 8};
    case TaskKind::arithmetic:
      return {.85, .94, .92, 150, 500, 3};
    case TaskKind::mathematics:
      return {.40, .75, .70, 400, 2'500, 4};
    case TaskKind::multi_hop:
      return {.60, .66, .72, 50, 500, 4};
    case TaskKind::lookup:
      return {.82, .84, .82, 50, 350, 3};
    case TaskKind::recent_facts:
      return {.10, .12, .60, 100, 400, 5};
    case TaskKind::summary:
      return {.85, .88, .85, 300, 900, 4};
    case TaskKind::plain_question:
      return {.85, .89, .88, 200, 700, 3};
    case TaskKind::other:
      return {.60, .66, .66, 400, 1'200, 6};
  }
  return {.60, .66, .66, 400, 1'200, 6};
}

KindPrior table_entry(TaskKind kind, bool small_model, Passages passages) {
  const bool asks_corpus = kind == TaskKind::multi_hop || kind == TaskKind::lookup;
  if (asks_corpus && passages == Passages::none) {
    return small_model ? kClosedBookSmall : kClosedBookLarge;
  }
  return small_model ? small_prior(kind) : large_prior(kind);
}

// How much more or less a model writes when asked for another effort than the mode's usual one.
double effort_factor(Effort effort, Effort usual) {
  const auto weight = [](Effort e) {
    return e == Effort::low ? 1.0 : e == Effort::medium ? 1.6 : 2.6;
  };
  return weight(effort) / weight(usual);
}

// What one call of an agent writes, and what the tool result after it adds to the history.
constexpr double kStepTokens = 110;
constexpr double kResultTokens = 260;

std::int64_t rounded(double value) { return static_cast<std::int64_t>(std::llround(value)); }

}  // namespace

Effort usual_effort(Mode mode) { return mode == Mode::reasoning ? Effort::medium : Effort::low; }

Prior prior_of(TaskKind kind, Mode mode, bool small_model, Passages passages) {
  const KindPrior entry = table_entry(kind, small_model, passages);
  switch (mode) {
    case Mode::instant:
      return {.success = entry.instant, .completion_tokens = entry.instant_tokens};
    case Mode::reasoning:
      return {.success = entry.reasoning, .completion_tokens = entry.reasoning_tokens};
    case Mode::agentic:
      return {.success = entry.agentic,
              .turns = entry.agentic_turns,
              .completion_tokens = entry.agentic_turns * kStepTokens};
  }
  return {};
}

Usage expected_usage(const Prior& prior, Effort effort, double prompt_tokens, Effort usual) {
  const double further = std::max(prior.turns - 1, 0.0);
  const double step = prior.completion_tokens / std::max(prior.turns, 1.0) + kResultTokens;
  // The history of turn i holds i - 1 steps; of it only the newest step is not in the cache.
  const double cached = further * prompt_tokens + step * further * (further - 1) / 2;
  const double fresh = prompt_tokens + step * further;
  Usage usage;
  usage.prompt_tokens = rounded(fresh + std::max(cached, 0.0));
  usage.cached_prompt_tokens = rounded(std::max(cached, 0.0));
  usage.completion_tokens = rounded(prior.completion_tokens * effort_factor(effort, usual));
  return usage;
}

}  // namespace pareto
