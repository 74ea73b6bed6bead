#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/model.h"
#include "agent/io/http_client.h"

namespace pareto {

// How a model is told how hard to think.
enum class ReasoningControl {
  none,
  effort,  // "reasoning_effort", and "max_completion_tokens" without a temperature
  budget,  // "reasoning": {"max_tokens"}
};

// What a server wants to see in a body besides the messages.
struct ChatProfile {
  std::string model;  // the provider's name for it
  ToolDialect dialect = ToolDialect::native;
  bool small = false;
  ReasoningControl reasoning = ReasoningControl::none;
  std::optional<double> temperature;
  bool llama = false;          // "cache_prompt"
  bool share_prompts = true;   // llama: the first request may use what other runs have cached
  std::string extra_body;  // JSON text of an object whose members are added; or empty
};

// One rendered request. `body` is the history, which only grows, then what is new each time.
struct ChatBody {
  std::vector<Segment> body;
  std::uint64_t history_hash = 0;
};

// The messages of one run as the bytes of a request, rendered once each: a turn costs O(new bytes).
// Bytes handed out stay valid and unchanged while the conversation grows.
//
// Neighbouring user messages are sent as one, and a system message behind the first as a user
// message, since many chat templates refuse anything else.
class ChatConversation final : public Conversation {
 public:
  explicit ChatConversation(std::shared_ptr<const ChatProfile> profile);
  ~ChatConversation() override;

  // Renders what is new. A history or tools that don't continue what was rendered before start it
  // over.
  ChatBody render(const Request& request);

  // The rendered history so far, and its FNV-1a hash. The bytes of an earlier call are a prefix of
  // those of a later one.
  std::string_view history() const;
  std::uint64_t history_hash() const { return hash_; }

  // Where the list of messages stands, between two of them.
  struct Writing {
    bool empty = true;
    bool user_open = false;  // the last message lacks its closing quote and brace
    bool after_assistant = false;
  };

 private:
  bool continues(const Request& request) const;
  void start_over(const Request& request);
  void append(std::string_view bytes);
  std::string tail(const Request& request) const;
  Segment tools_segment(const Request& request);

  std::shared_ptr<const ChatProfile> profile_;
  std::shared_ptr<std::string> history_;  // grows in place; replaced when it is full
  std::uint64_t hash_ = 0;
  std::vector<ToolSpec> tools_;  // what the instructions were made from
  std::size_t count_ = 0;        // messages rendered
  MessageRef first_;             // the ends of what was rendered
  MessageRef last_;
  Writing writing_;
  bool asked_ = false;  // something was rendered before
  std::string instructions_;                    // for the system message
  std::shared_ptr<const std::string> closing_;  // tool members and what ends the body
  std::string closing_only_tool_;
  bool closing_answer_only_ = false;
};

}  // namespace pareto
