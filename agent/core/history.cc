#include "agent/core/history.h"

#include <algorithm>
#include <memory>

namespace pareto {
namespace {

// Role markers of a chat template, and the quoting that a dialect puts around a tool result.
constexpr std::int64_t kMarkerBytes = 64;

}  // namespace

std::int64_t size_of(const Message& message) {
  std::size_t bytes = message.text.size() + message.tool_name.size();
  for (const ToolCall& call : message.tool_calls) bytes += call.name.size() + call.arguments.size();
  return static_cast<std::int64_t>(bytes) + kMarkerBytes;
}

void History::append(Message message) {
  hash_ = chain_hash(hash_, message);
  bytes_ += size_of(message);
  messages_.push_back(std::make_shared<const Message>(std::move(message)));
}

void History::replace(std::size_t first, std::size_t last, Message message) {
  const auto begin = messages_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto end = messages_.begin() + static_cast<std::ptrdiff_t>(last);
  *begin = std::make_shared<const Message>(std::move(message));
  messages_.erase(begin + 1, end);
  hash_ = 0;
  bytes_ = 0;
  for (const MessageRef& kept : messages_) {
    hash_ = chain_hash(hash_, *kept);
    bytes_ += size_of(*kept);
  }
}

std::uint64_t History::hash_with(std::span<const Message> appended) const {
  std::uint64_t hash = hash_;
  for (const Message& message : appended) hash = chain_hash(hash, message);
  return hash;
}

bool operator==(const History& a, const History& b) {
  return a.hash_ == b.hash_ && a.bytes_ == b.bytes_ &&
         std::ranges::equal(a.messages_, b.messages_, [](const MessageRef& x, const MessageRef& y) {
           return x == y || *x == *y;
         });
}

}  // namespace pareto
