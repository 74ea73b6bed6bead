#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "apps/proxy/chat_request.h"

namespace pareto {

// How many tokens a prompt can have at most. A token is at least one byte, so that bytes bound it;
// where an earlier prompt whose tokens were reported is its beginning, those count and only what
// joined is taken in bytes. The bound is that of our own runs, see agent/core/budget_guard.h.
// A value.
class PromptBound {
 public:
  std::int64_t of(const ChatRequest& request) const;
  // What the provider counted for a request.
  void learn(const ChatRequest& request, std::int64_t prompt_tokens);

 private:
  struct Known {
    PromptPart frame;
    std::vector<PromptPart> messages;
    std::int64_t tokens = 0;
  };
  std::deque<Known> known_;  // newest first; an agent has a few conversations at a time
};

}  // namespace pareto
