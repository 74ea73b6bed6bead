#include "apps/proxy/proxied_call.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/models/openai_error.h"
#include "apps/proxy/wire.h"

namespace pareto {
namespace {

constexpr std::size_t kErrorBodyBytes = 64 * 1024;
// A stream that says nothing for so long has died.
constexpr Milliseconds kStall{300'000};

Result<std::shared_ptr<const HttpHeaders>> headers_of(const ModelEndpoint& endpoint, bool stream) {
  HttpHeaders::List list{{"Content-Type", "application/json"},
                         {"Accept", stream ? "text/event-stream" : "application/json"}};
  if (!endpoint.api_key.empty()) list.emplace_back("Authorization", "Bearer " + endpoint.api_key);
  return HttpHeaders::make(list);
}

}  // namespace

ProxiedCall::ProxiedCall(MeteringProxy& proxy, CallId id, ChatRequest request,
                         HttpExchange exchange)
    : proxy_(proxy),
      id_(std::move(id)),
      request_(std::move(request)),
      exchange_(std::move(exchange)),
      begun_(proxy.ports_.clock.now()),
      bounds_(ChatBounds::of(request_.max_output_tokens)),
      decoder_(bounds_, nullptr) {}

template <class... Args>
auto ProxiedCall::guarded(void (ProxiedCall::*method)(Args...)) {
  return [weak = weak_from_this(), method](Args... args) {
    if (auto self = weak.lock(); self && !self->settled_) {
      ((*self).*method)(std::forward<Args>(args)...);
    }
  };
}

void ProxiedCall::begin() {
  if (!proxy_.base_url_.empty()) return send();
  proxy_.options_.endpoint.resolve_base_url(proxy_.options_.deadline,
                                            guarded(&ProxiedCall::on_base_url));
}

void ProxiedCall::on_base_url(Result<std::string> url) {
  if (!url) return end_unreached(url.error());
  proxy_.base_url_ = std::move(*url);
  send();
}

void ProxiedCall::send() {
  auto headers = headers_of(proxy_.options_.endpoint, request_.stream);
  if (!headers) return end_unreached(headers.error());
  HttpRequest request;
  request.method = HttpMethod::post;
  request.url = proxy_.base_url_ + "/chat/completions";
  request.headers = std::move(*headers);
  request.body.push_back({nullptr, request_.body});
  request.deadline = proxy_.options_.deadline;
  if (request_.stream) request.stall = kStall;
  request.response_limit = 2 * bounds_.stream_bytes;
  HttpHandlers handlers;
  handlers.on_response = guarded(&ProxiedCall::on_response);
  handlers.on_data = guarded(&ProxiedCall::on_data);
  handlers.on_done = guarded(&ProxiedCall::on_done);
  http_ = proxy_.ports_.http.send(std::move(request), std::move(handlers));
}

void ProxiedCall::on_response(const HttpHead& head) {
  sent_ = true;
  status_ = head.status;
  content_type_ = head.header("Content-Type");
  retry_after_ = head.header("Retry-After");
  if (content_type_.empty()) content_type_ = "application/json";
}

void ProxiedCall::on_data(std::string_view bytes) {
  if (!succeeded()) {
    body_ += bytes.substr(0, kErrorBodyBytes - std::min(kErrorBodyBytes, body_.size()));
    return;
  }
  decoder_.feed(bytes);
  if (!request_.stream) {
    body_ += bytes;
    return;
  }
  if (!stream_) stream_ = exchange_.stream({.status = status_, .content_type = content_type_});
  // Nobody reads it any more. Closing the connection makes the server stop.
  if (stream_->closed()) return abandon();
  stream_->send(std::string(bytes));
}

void ProxiedCall::on_done(Result<void> result) {
  if (!result && !never_sent(result.error())) sent_ = true;
  if (succeeded()) {
    return end_reply(result ? std::optional<Error>() : std::optional<Error>(result.error()));
  }
  if (result && status_ != 0) return end_refused();
  // The engine behind a resolver may have ended, and be started again.
  if (proxy_.options_.endpoint.resolve_base_url) proxy_.base_url_.clear();
  end_unreached(result ? Error{ErrorCode::protocol, "the response had no status"} : result.error());
}

void ProxiedCall::end_reply(std::optional<Error> cut) {
  if (cut) {
    decoder_.end(*cut);
  } else {
    decoder_.end();
  }
  ChatReply chat = decoder_.take();
  Reply reply{.usage = chat.usage, .finish_reason = chat.finish_reason, .error = chat.error};
  // What it said stays the agent's own affair.
  if (!chat.error) reply.message = Message{.role = Role::assistant};
  if (stream_) {
    if (cut) stream_->send(error_event("upstream_cut", "the model's reply was cut off"));
    stream_->finish();
  } else if (cut) {
    exchange_.answer(openai_error(502, "upstream_cut", "the model's reply was cut off"));
  } else {
    exchange_.answer({.status = status_, .content_type = content_type_, .body = std::move(body_)});
  }
  // That a prompt or a reply is too long is the agent's doing.
  const bool trouble = chat.error && chat.error->code != ErrorCode::limit;
  proxy_.trouble_ = trouble ? std::move(chat.error) : std::nullopt;
  settle(std::move(reply));
}

// The provider says no. Nothing is owed for what it blames on the request; what failed on its side
// may have been generated, and billed.
void ProxiedCall::end_refused() {
  const ModelEndpoint& endpoint = proxy_.options_.endpoint;
  const Error error = status_error({.info = endpoint.info,
                                    .model = endpoint.model,
                                    .api_key = endpoint.api_key,
                                    .api_key_env = endpoint.api_key_env},
                                   proxy_.base_url_ + "/chat/completions", status_, body_, 1);
  HttpAnswer answer{.status = status_ < 400 ? 502 : status_,
                    .content_type = content_type_,
                    .body = without_secret(std::move(body_), endpoint.api_key)};
  // Providers quote parts of the key that they refuse.
  if (status_ == 401 || status_ == 403) {
    answer = openai_error(status_, "model_key_refused",
                          "the provider refuses the key of the configured model");
  }
  if (!retry_after_.empty()) answer.headers.emplace_back("Retry-After", retry_after_);
  exchange_.answer(std::move(answer));
  // A prompt that does not fit or makes no sense is the agent's doing.
  const bool agents_fault = status_ == 400 || status_ == 413 || status_ == 422;
  if (!agents_fault) proxy_.trouble_ = error;
  if (status_ >= 400 && status_ < 500) return settle({.usage = Usage{}, .error = error});
  settle({.error = error, .sent = true});
}

void ProxiedCall::end_unreached(const Error& error) {
  const std::string& name = proxy_.options_.endpoint.info.name;
  const bool late = error.code == ErrorCode::timeout;
  exchange_.answer(openai_error(late ? 504 : 502,
                                late ? "upstream_timeout" : "upstream_unreachable",
                                fmt::format("the model \"{}\" gave no reply", name)));
  proxy_.trouble_ = Error{error.code, fmt::format("model \"{}\": {}", name, error.message)};
  settle({.error = error, .sent = sent_});
}

void ProxiedCall::abandon() {
  if (settled_) return;
  const auto self = shared_from_this();
  if (succeeded()) decoder_.end({ErrorCode::cancelled, "nobody waits for the reply any more"});
  ChatReply chat = decoder_.take();
  // A stream that had said all it would is paid by what it said.
  settle({.usage = chat.usage,
          .error = Error{ErrorCode::cancelled, "nobody waits for the reply any more"},
          .sent = http_ != nullptr});
}

void ProxiedCall::settle(Reply reply) {
  settled_ = true;
  const auto self = shared_from_this();
  reply.took = proxy_.ports_.clock.now() - begun_;
  const CallEnded ended = proxy_.meter_.end(id_, request_, std::move(reply));
  Json line = {{"event", "ended"},
               {"call", id_.value},
               {"at", to_ms(proxy_.ports_.clock.now())},
               {"status", status_},
               {"settled_usd", ended.settled.to_string()},
               {"estimated", ended.estimated},
               {"usage", ended.usage ? to_json(*ended.usage) : Json()},
               {"ms", ended.took.count()},
               {"error", ended.error ? Json(ended.error->message) : Json()}};
  (void)proxy_.log(line);
  http_ = nullptr;
  stream_ = nullptr;
  proxy_.end(id_);
}

}  // namespace pareto
