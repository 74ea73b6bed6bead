#pragma once

#include "agent/core/concern.h"

namespace pareto {

// Replaces old steps of the conversation by a list of what was done, without a model call: when the
// next prompt might not fit into the model's context, or when it pays (see compaction.cc for the
// formula). Groups of an assistant message with its tool results leave as a whole; the first
// messages and the last steps stay. Stops the run when nothing can be dropped from a prompt that
// might not fit.
Action review_compaction(const Run& run, Action draft, Instant now);

}  // namespace pareto
