#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "agent/core/message.h"

namespace pareto {

// The messages of a run with a running hash and size. Grows at its end; `replace` (compaction) is
// the one other change. Copies share the messages.
class History {
 public:
  void append(Message message);
  // Puts one message in the place of [first, last).
  void replace(std::size_t first, std::size_t last, Message message);

  std::span<const MessageRef> messages() const { return messages_; }
  bool empty() const { return messages_.empty(); }
  std::size_t size() const { return messages_.size(); }
  const Message& back() const { return *messages_.back(); }
  // Chain over all messages; 0 when empty.
  std::uint64_t hash() const { return hash_; }
  // What the hash will be once these have been appended.
  std::uint64_t hash_with(std::span<const Message> appended) const;
  // UTF-8 bytes of all messages, with a constant a message for the markers of a chat template.
  std::int64_t bytes() const { return bytes_; }

  friend bool operator==(const History& a, const History& b);

 private:
  std::vector<MessageRef> messages_;
  std::uint64_t hash_ = 0;
  std::int64_t bytes_ = 0;
};

// An upper bound of the tokens that a message takes, however it is written: a token is at least one
// byte, and dialects write calls and their results as JSON and as quotations.
std::int64_t size_of(const Message& message);
// The part of it that is no text of the message: markers, and the framing of its calls.
std::int64_t frame_bytes(std::size_t calls);

}  // namespace pareto
