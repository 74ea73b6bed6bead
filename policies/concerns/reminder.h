#pragma once

#include "agent/core/concern.h"

namespace pareto {

// Tells an agentic run how many turns are left, at half, at three quarters and before each of the
// last five, and how much money is left once it is less than a quarter. Sent after the history and
// never stored, so that the cached prefix stays (arXiv 2510.16786).
Action review_reminder(const Run& run, Action draft, Instant now);

}  // namespace pareto
