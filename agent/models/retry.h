#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/core/random.h"
#include "agent/core/time.h"

namespace pareto {

// When a call that has produced nothing is tried again (full jitter: Brooker 2015, "Exponential
// backoff and jitter", AWS Architecture Blog).
struct RetryOptions {
  int attempts = 5;        // the first one included
  Milliseconds base{500};  // the n-th wait is uniform in [0, base * 2^(n-1)], at most cap
  Milliseconds cap{30'000};
};

bool retryable_status(int status);

// How long to wait before attempt `attempt` + 1, or nothing when no further attempt is due: too
// many, or the wait would end past the deadline. `retry_after`: what the server asked for at least.
std::optional<Milliseconds> retry_delay(const RetryOptions& options, int attempt,
                                        std::optional<Milliseconds> retry_after, Deadline deadline,
                                        Instant now, Random& random);

// Reads a Retry-After header (RFC 9110, section 10.2.3): seconds, or an HTTP date.
std::optional<Milliseconds> parse_retry_after(std::string_view value, Instant now);

}  // namespace pareto
