#include "apps/proxy/metering_proxy.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "apps/proxy/proxied_call.h"
#include "apps/proxy/wire.h"

namespace pareto {
namespace {

constexpr std::size_t kMostBody = std::size_t{16} << 20;
constexpr std::size_t kMostQueued = std::size_t{16} << 20;
constexpr std::size_t kMostConnections = 64;
constexpr std::string_view kModels = "/v1/models";

constexpr const char* kOtherApi =
    "this endpoint speaks OpenAI's chat completions only; point the agent to "
    "$OPENAI_BASE_URL/chat/completions";

}  // namespace

MeteringProxy::MeteringProxy(Ports ports, Options options, CallLog log)
    : ports_(ports),
      options_(std::move(options)),
      log_(std::move(log)),
      meter_(options_.limits, options_.endpoint.info),
      base_url_(options_.endpoint.base_url) {}

MeteringProxy::~MeteringProxy() { finish(); }

HttpServerOptions MeteringProxy::server_options() {
  HttpServerOptions options;
  options.body_limit = kMostBody;
  options.connections = kMostConnections;
  options.stream_queue = kMostQueued;
  options.read_timeout = std::chrono::minutes(2);
  options.idle_timeout = std::chrono::hours(24);
  options.refusal = [](int status, const std::string& why) {
    return openai_error(status, "request_too_large", why);
  };
  return options;
}

void MeteringProxy::handle(HttpExchange exchange) {
  const std::string& path = exchange.query.path;
  const bool get = exchange.query.method == "GET";
  if (path == "/v1/chat/completions" || path == kModels || path.starts_with("/v1/models/")) {
    const bool completion = path == "/v1/chat/completions";
    if (get == completion || (!get && exchange.query.method != "POST")) {
      return exchange.answer(
          openai_error(405, "method_not_allowed", completion ? "use POST" : "use GET"));
    }
    if (completion) return complete(std::move(exchange));
    const std::string& model = options_.endpoint.info.name;
    return exchange.answer(path == kModels ? model_list(model) : model_entry(model));
  }
  if (path == "/v1/messages") {
    return exchange.answer(anthropic_error(501, "not_supported_error", kOtherApi));
  }
  if (path == "/v1/responses" || path == "/v1/completions") {
    return exchange.answer(openai_error(501, "not_supported", kOtherApi));
  }
  exchange.answer(openai_error(
      404, "unknown_url",
      fmt::format("there is no {}; expected /v1/chat/completions or /v1/models", path)));
}

void MeteringProxy::complete(HttpExchange exchange) {
  const ModelEndpoint& endpoint = options_.endpoint;
  ChatTarget target{.model = endpoint.model,
                    .max_output_tokens = endpoint.info.max_output_tokens,
                    .max_completion_tokens = endpoint.max_completion_tokens,
                    .temperature = endpoint.temperature};
  // As in our own runs: only the first call may find what others have left.
  if (endpoint.llama) target.cache_prompt = endpoint.share_prompts || receipt().model_calls > 0;
  auto request = read_chat_request(exchange.query.body, target);
  if (!request) {
    return exchange.answer(openai_error(400, "invalid_request", request.error().message));
  }
  CallId id = CallId::make(ports_.clock.now(), ports_.random);
  const std::int64_t bound = meter_.prompt_bound(*request);
  if (auto refusal = meter_.begin(id, *request)) return refuse(exchange, *request, *refusal);
  const bool logged =
      log({{"event", "begun"},
           {"call", id.value},
           {"at", to_ms(ports_.clock.now())},
           {"asked_model", request->asked_model},
           {"model", endpoint.info.name},
           {"stream", request->stream},
           {"prompt_bound", bound},
           {"max_output_tokens", request->max_output_tokens},
           {"reserved_usd", meter_.ledger().reservation(id).value_or(Money()).to_string()},
           {"left_out", request->left_out}});
  if (!logged) {
    (void)meter_.end(id, *request, {.error = trouble_, .sent = false});
    return exchange.answer(openai_error(500, "log_failed", trouble_->message));
  }
  refusal_.reset();
  if (options_.on_call) options_.on_call(std::nullopt);
  auto call = std::make_shared<ProxiedCall>(*this, id, std::move(*request), std::move(exchange));
  calls_.emplace(std::move(id), call);
  call->begin();
}

void MeteringProxy::refuse(const HttpExchange& exchange, const ChatRequest& request,
                           const Refusal& refusal) {
  refusal_ = refusal;
  (void)log({{"event", "refused"},
             {"at", to_ms(ports_.clock.now())},
             {"asked_model", request.asked_model},
             {"reason", to_string(refusal.reason)},
             {"why", refusal.text}});
  // Not 429: clients repeat that, and what is used up does not come back.
  const bool turns = refusal.reason == Reason::turns;
  exchange.answer(openai_error(402, turns ? "turns_exhausted" : "budget_exhausted", refusal.text));
  if (options_.on_call) options_.on_call(refusal);
}

bool MeteringProxy::log(const Json& line) {
  auto written = log_.append(line);
  if (!written) trouble_ = written.error();
  return written.has_value();
}

void MeteringProxy::end(const CallId& call) { calls_.erase(call); }

void MeteringProxy::finish() {
  for (const auto& [id, call] : std::exchange(calls_, {})) call->abandon();
}

}  // namespace pareto
