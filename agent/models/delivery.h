#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/core/model.h"
#include "agent/io/loop.h"

namespace pareto {

struct OwnedDelta {
  Delta::Kind kind = Delta::Kind::text;
  std::string text;

  friend bool operator==(const OwnedDelta&, const OwnedDelta&) = default;
};

const char* to_string(Delta::Kind kind);
Result<Delta::Kind> parse_delta_kind(std::string_view text);

// Hands over a reply that is known already, after `delay`, as a model's call would: from the loop,
// and nothing more once the operation is gone.
std::unique_ptr<Operation> deliver(Loop& loop, Milliseconds delay, std::vector<OwnedDelta> deltas,
                                   Reply reply, DeltaHandler on_delta, ReplyHandler on_reply);

}  // namespace pareto
