#include "apps/proxy/prompt_bound.h"

#include <algorithm>
#include <span>

namespace pareto {
namespace {

constexpr std::int64_t kSlackTokens = 64;  // what a template adds
constexpr std::size_t kMostKnown = 8;

std::int64_t bytes_of(std::span<const PromptPart> parts) {
  std::int64_t bytes = 0;
  for (const PromptPart& part : parts) bytes += part.bytes;
  return bytes;
}

}  // namespace

std::int64_t PromptBound::of(const ChatRequest& request) const {
  const std::span<const PromptPart> messages = request.messages;
  std::int64_t least = request.frame.bytes + bytes_of(messages);
  for (const Known& known : known_) {
    const std::size_t shared = known.messages.size();
    if (known.frame != request.frame || shared > messages.size()) continue;
    if (!std::ranges::equal(known.messages, messages.first(shared))) continue;
    least = std::min(least, known.tokens + bytes_of(messages.subspan(shared)));
  }
  return least + kSlackTokens;
}

void PromptBound::learn(const ChatRequest& request, std::int64_t prompt_tokens) {
  if (prompt_tokens <= 0) return;
  known_.push_front({request.frame, request.messages, prompt_tokens});
  if (known_.size() > kMostKnown) known_.pop_back();
}

}  // namespace pareto
