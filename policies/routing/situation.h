#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/core/ports.h"
#include "agent/text/features.h"
#include "policies/routing/priors.h"
#include "policies/routing/task_kind.h"

namespace pareto {

// What all arms of one question share.
struct Situation {
  TaskFeatures features;
  TaskKind kind = TaskKind::other;
  Passages passages = Passages::none;
  bool files_needed = false;
  // What a first call shows: all that was briefed in a single call, tool specs in an agent's.
  double single_tokens = 0;  // about
  double agent_tokens = 0;
  std::int64_t single_bound = 0;  // tokens, at most
  std::int64_t agent_bound = 0;
  std::int64_t omitted_bytes = 0;  // of files that a single call can't show
};

Situation situation_of(const Router::Question& question, std::int64_t brief_bytes);

// Why an arm can't be chosen.
struct Obstacle {
  enum class Kind { not_asked_for, limit, unfit } kind = Kind::unfit;
  std::string why;
};

struct ArmRules {
  std::span<const std::string> local_models;
};

// The first obstacle of an arm, hard ones first; nothing when it may be chosen. A mode that a
// person asked for is not barred for files that don't fit: what fits is shown.
std::optional<Obstacle> obstacle_of(const Arm& arm, const ModelInfo& model,
                                    const Situation& situation, const Router::Question& question,
                                    const ArmRules& rules);

}  // namespace pareto
