#pragma once

#include "agent/core/model.h"
#include "agent/core/money.h"
#include "agent/core/route.h"
#include "policies/routing/task_kind.h"

namespace pareto {

// What is believed of an arm before anything was learned. The success is a Beta distribution with
// `evidence` pseudo-outcomes.
struct Prior {
  double success = 0.5;
  double evidence = 10;
  double turns = 1;              // model calls
  double completion_tokens = 0;  // of all calls together

  friend bool operator==(const Prior&, const Prior&) = default;
};

// Whether the corpus passages that a single call would need are at hand.
enum class Passages { none, at_hand };

// The table for small (a 1.5B on this machine) and for large models. Measured on small samples for
// the small ones, guesses for the large ones: few pseudo-outcomes either way.
Prior prior_of(TaskKind kind, Mode mode, bool small_model, Passages passages);

// The effort that a mode works with unless one is asked for.
Effort usual_effort(Mode mode);

// What an arm is expected to use for a prompt of `prompt_tokens` (all that a first call shows).
// Each further turn shows the history again, mostly from the cache. The table holds for the `usual`
// effort; another one writes more or less.
Usage expected_usage(const Prior& prior, Effort effort, double prompt_tokens, Effort usual);

}  // namespace pareto
