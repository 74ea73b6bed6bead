#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/core/random.h"
#include "agent/core/time.h"
#include "agent/io/http_client.h"
#include "agent/io/http_server.h"
#include "agent/io/loop.h"
#include "apps/proxy/call_log.h"
#include "apps/proxy/meter.h"
#include "apps/system/model_factory.h"

namespace pareto {

class ProxiedCall;

// An OpenAI-compatible endpoint for one foreign agent. It passes chat completions on to one
// configured model, whatever model they name, with that model's key, streamed or not, byte by byte
// as they come; it counts what they use, and refuses a call that could cost more than the budget
// leaves before it is made.
//
//   POST /v1/chat/completions, GET /v1/models, GET /v1/models/NAME
//   402 budget_exhausted | turns_exhausted; 400, 404, 405, 413; 501 for other APIs;
//   502 when the model can't be reached; else what the provider says
//
// Thread: the loop's.
class MeteringProxy {
 public:
  struct Ports {
    Loop& loop;
    HttpClient& http;
    const Clock& clock;
    Random& random;
  };
  struct Options {
    ModelEndpoint endpoint;
    Limits limits;      // usd and turns
    Deadline deadline;  // of every call
    // Told of every call that is let through (nothing) or refused by a limit.
    std::function<void(const std::optional<Refusal>&)> on_call;
  };

  MeteringProxy(Ports ports, Options options, CallLog log);
  ~MeteringProxy();
  MeteringProxy(const MeteringProxy&) = delete;
  MeteringProxy& operator=(const MeteringProxy&) = delete;

  void handle(HttpExchange exchange);
  // How a server should be made that hands its exchanges to `handle`.
  static HttpServerOptions server_options();

  // Ends the calls under way: what they cost is not known any more, so their reservations are
  // settled.
  void finish();
  // Whether a call is under way.
  bool busy() const { return !calls_.empty(); }

  const Receipt& receipt() const { return meter_.receipt(); }
  Money settled() const { return meter_.ledger().settled(); }
  // The limit that refused the newest call, if one did.
  const std::optional<Refusal>& refusal() const { return refusal_; }
  // What is wrong with the model, or with the log, if no call has succeeded since.
  const std::optional<Error>& trouble() const { return trouble_; }

 private:
  friend class ProxiedCall;
  void complete(HttpExchange exchange);
  void refuse(const HttpExchange& exchange, const ChatRequest& request, const Refusal& refusal);
  bool log(const Json& line);
  void end(const CallId& call);

  Ports ports_;
  Options options_;
  CallLog log_;
  Meter meter_;
  std::string base_url_;  // empty until resolved
  std::map<CallId, std::shared_ptr<ProxiedCall>> calls_;
  std::optional<Refusal> refusal_;
  std::optional<Error> trouble_;
};

}  // namespace pareto
