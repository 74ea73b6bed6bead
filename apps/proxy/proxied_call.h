#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/models/chat_decoder.h"
#include "apps/proxy/metering_proxy.h"

namespace pareto {

// One call on its way through a proxy, which owns it. Its request has been reserved for; whatever
// becomes of it, it is settled once.
class ProxiedCall : public std::enable_shared_from_this<ProxiedCall> {
 public:
  ProxiedCall(MeteringProxy& proxy, CallId id, ChatRequest request, HttpExchange exchange);

  void begin();
  // The proxy has gone, or nobody reads the stream: stops, and settles at the reservation. A reply
  // that is not streamed is waited for, whoever has gone.
  void abandon();

 private:
  template <class... Args>
  auto guarded(void (ProxiedCall::*method)(Args...));
  void on_base_url(Result<std::string> url);
  void send();
  void on_response(const HttpHead& head);
  void on_data(std::string_view bytes);
  void on_done(Result<void> result);
  void end_reply(std::optional<Error> cut);
  void end_refused();
  void end_unreached(const Error& error);
  void settle(Reply reply);
  bool succeeded() const { return status_ >= 200 && status_ < 300; }

  MeteringProxy& proxy_;
  CallId id_;
  ChatRequest request_;
  HttpExchange exchange_;
  Instant begun_;
  ChatBounds bounds_;
  ChatDecoder decoder_;
  std::shared_ptr<HttpStream> stream_;
  std::unique_ptr<Operation> http_;
  std::string body_;  // of an answer that is given as a whole
  std::string content_type_;
  std::string retry_after_;
  int status_ = 0;
  bool sent_ = false;
  bool settled_ = false;
};

}  // namespace pareto
