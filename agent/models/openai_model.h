#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/core/model.h"
#include "agent/core/ports.h"
#include "agent/core/random.h"
#include "agent/core/time.h"
#include "agent/io/http_client.h"
#include "agent/io/loop.h"
#include "agent/models/chat_conversation.h"
#include "agent/models/retry.h"

namespace pareto {

struct OpenaiOptions {
  ModelInfo info;
  std::string model;        // the provider's name for it; empty: info.name
  std::string base_url;     // "https://api.example.com/v1"; empty: ask the resolver
  std::string api_key;      // empty: no Authorization header
  std::string api_key_env;  // the variable that the key came from, for error texts
  ReasoningControl reasoning = ReasoningControl::none;
  std::optional<double> temperature;  // absent: 0 for llama, else the server's own
  bool llama = false;                 // a llama.cpp server, asked for its prompt cache
  bool share_prompts = true;          // of that server, see ChatProfile
  std::string extra_body;             // JSON text of an object added to every body; or empty
  RetryOptions retry;
  Milliseconds stall{120'000};  // give up after this long without a byte
};

// Finds where the server is, on the first call and again after a connection error: an engine may
// have to be started. Completes on the loop, also from within the call.
using BaseUrlResolver = std::function<void(Deadline, Handler<std::string>)>;

// A model behind an OpenAI-compatible endpoint, POST BASE_URL/chat/completions, streamed.
//
// A call is repeated only before its first delta: after connection errors, 408, 429 and 5xx, never
// past the request's deadline. Destroying the operation closes the connection, which makes servers
// stop generating.
//
// Errors of a reply: unavailable, timeout, denied (key), not_found (model or URL), invalid
// (request), limit (context, quota, endless reply), protocol. A status of 4xx reports a usage of
// zero: the request was refused, nothing is owed. Tool calls of a reply that was cut off are
// dropped.
class OpenaiModel final : public Model {
 public:
  struct Ports {
    Loop& loop;
    HttpClient& http;
    const Clock& clock;
    Random& random;
    BaseUrlResolver resolve_base_url;  // may be empty when base_url is given
  };

  static Result<std::unique_ptr<OpenaiModel>> make(OpenaiOptions options, Ports ports);
  ~OpenaiModel() override;

  const ModelInfo& info() const override;
  std::int64_t prompt_bytes_of(std::span<const ToolSpec> tools) const override;
  std::unique_ptr<Conversation> open_conversation() const override;
  std::unique_ptr<Operation> start(Conversation& conversation, const Request& request,
                                   DeltaHandler on_delta, ReplyHandler on_reply) override;

 private:
  struct Shared;
  class Call;
  class CallOperation;
  explicit OpenaiModel(std::shared_ptr<Shared> shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace pareto
