#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"

namespace pareto {

// How the configured model wants to be asked.
struct ChatTarget {
  std::string model;                       // the provider's name for it
  std::int64_t max_output_tokens = 2'048;  // of one choice, at most
  bool max_completion_tokens = false;      // the provider's newer name for the bound
  std::optional<double> temperature;       // where none was asked for
  std::optional<bool> cache_prompt;        // for a llama.cpp server: whether it may use its cache
};

// One piece of a prompt: its bytes as sent, and what tells it from others.
struct PromptPart {
  std::uint64_t hash = 0;
  std::int64_t bytes = 0;

  friend bool operator==(const PromptPart&, const PromptPart&) = default;
};

// A chat completion that somebody asks for, made ready to be sent to the configured model.
struct ChatRequest {
  std::string body;
  std::string asked_model;  // mapped to the configured one, whatever it is
  bool stream = false;
  std::int64_t max_output_tokens = 0;  // of all choices together
  std::vector<PromptPart> messages;    // in order
  PromptPart frame;                    // all else that may become part of the prompt
  std::vector<std::string> left_out;   // names of fields that were not passed on
};

// Reads the body of POST /v1/chat/completions and bounds what it can cost: names the configured
// model, sets or lowers the bound of the output, asks for the usage of a stream, and leaves out
// every field that is not known to be free of charges beyond tokens (other models, dearer service,
// search, audio). invalid: no JSON, no messages, or content other than text, whose tokens can't be
// bounded before they are paid.
Result<ChatRequest> read_chat_request(std::string_view body, const ChatTarget& target);

}  // namespace pareto
