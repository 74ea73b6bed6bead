#include "agent/core/history.h"

#include <algorithm>
#include <memory>
#include <string_view>

namespace pareto {
namespace {

// Role markers of a chat template, and the quoting that a dialect puts around a tool result.
constexpr std::int64_t kMarkerBytes = 64;
// Around a call: its object with the names of its members, or the tags of a template.
constexpr std::int64_t kCallBytes = 96;

// How many bytes a text takes as a JSON string beyond its own.
std::size_t escape_bytes(std::string_view text) {
  std::size_t bytes = 2;
  for (const char c : text) {
    if (c == '"' || c == '\\' || (c >= '\b' && c <= '\r' && c != '\v')) {
      bytes += 1;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      bytes += 5;
    }
  }
  return bytes;
}

// Data that holds the mark of its own end is written with one more byte for each.
std::size_t quotation_bytes(std::string_view text) {
  constexpr std::string_view kEnd = "</result>";
  std::size_t bytes = 0;
  for (std::size_t at = text.find(kEnd); at != std::string_view::npos;
       at = text.find(kEnd, at + kEnd.size())) {
    ++bytes;
  }
  return bytes;
}

}  // namespace

std::int64_t frame_bytes(std::size_t calls) {
  return kMarkerBytes + kCallBytes * static_cast<std::int64_t>(calls);
}

std::int64_t size_of(const Message& message) {
  std::size_t bytes = message.text.size();
  if (message.role == Role::tool) {
    bytes += message.tool_name.size() + message.tool_call_id.size() + quotation_bytes(message.text);
  }
  // Where a call is one JSON object, what was thought before it is a member of each.
  if (!message.tool_calls.empty()) {
    bytes = message.tool_calls.size() * (message.text.size() + escape_bytes(message.text));
  }
  for (const ToolCall& call : message.tool_calls) {
    bytes += call.id.size() + call.name.size() + escape_bytes(call.name) + call.arguments.size() +
             escape_bytes(call.arguments);
  }
  return static_cast<std::int64_t>(bytes) + frame_bytes(message.tool_calls.size());
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
