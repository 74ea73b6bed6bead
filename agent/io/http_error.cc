#include "agent/io/http_error.h"

#include <fmt/format.h>

#include "agent/io/http_address.h"

namespace pareto {

namespace {

const char* method_name(HttpMethod method) {
  switch (method) {
    case HttpMethod::get:
      return "GET";
    case HttpMethod::post:
      return "POST";
    case HttpMethod::put:
      return "PUT";
    case HttpMethod::remove:
      return "DELETE";
  }
  return "?";
}

struct Words {
  ErrorCode code;
  std::string text;
};

Words stopped(const HttpFailure& failure) {
  switch (failure.stop) {
    case HttpStop::body_too_large:
      return {ErrorCode::limit, fmt::format("the response is larger than the {} bytes allowed; ask "
                                            "for less or raise the limit",
                                            failure.response_limit)};
    case HttpStop::head_too_large:
      return {ErrorCode::protocol,
              "the response headers are larger than 64 KB, which no honest "
              "server sends; check the address"};
    case HttpStop::stalled:
      return {
          ErrorCode::timeout,
          fmt::format("not a byte came for {} ms ({} bytes before that); the server hangs or is "
                      "overloaded: try again later or allow more time",
                      failure.stall.count(), failure.received)};
    case HttpStop::deadline:
      return {ErrorCode::timeout,
              fmt::format("the deadline passed ({} bytes had come); allow more time",
                          failure.received)};
    case HttpStop::address_denied:
      return {ErrorCode::denied,
              fmt::format("it leads to {}, which is not on the public internet; only public "
                          "addresses are allowed here",
                          failure.detail)};
    case HttpStop::none:
      break;
  }
  return {ErrorCode::internal, "it was stopped"};
}

Words connection(const HttpFailure& failure) {
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {ErrorCode::unavailable,
              "the name of the host was not found; check its spelling and "
              "the network"};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {ErrorCode::unavailable,
              "the name of the proxy was not found; check the variables "
              "http_proxy, https_proxy and all_proxy"};
    case CURLE_COULDNT_CONNECT:
      return {ErrorCode::unavailable, fmt::format("no connection ({}); is the server running, and "
                                                  "are address and port right?",
                                                  failure.detail)};
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorCode::timeout, fmt::format("no connection within {} ms; is the server running, "
                                              "and does a firewall let us through?",
                                              failure.connect_timeout.count())};
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return {
          ErrorCode::unavailable,
          fmt::format("the connection broke after {} bytes of the response ({}); try again, and "
                      "look into the server's log",
                      failure.received, failure.detail)};
    default:
      break;
  }
  return {ErrorCode::unavailable, fmt::format("{}; try again", failure.detail)};
}

Words by_code(const HttpFailure& failure) {
  switch (failure.code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return {ErrorCode::invalid,
              "this is no http or https URL; expected for example "
              "http://127.0.0.1:8080/v1"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return {ErrorCode::denied, fmt::format("the server's certificate is not trusted ({}); check "
                                             "the address, the clock and the CA bundle",
                                             failure.detail)};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_BAD_CONTENT_ENCODING:
      return {ErrorCode::protocol, fmt::format("the server does not answer in HTTP ({}); check "
                                               "address and port",
                                               failure.detail)};
    case CURLE_HTTP_RETURNED_ERROR:
      return {ErrorCode::protocol, fmt::format("{}; check address and port", failure.detail)};
    case CURLE_OUT_OF_MEMORY:
      return {ErrorCode::internal, "the machine is out of memory"};
    default:
      return connection(failure);
  }
}

}  // namespace

Error http_error(const HttpFailure& failure) {
  const Words words = failure.stop == HttpStop::none ? by_code(failure) : stopped(failure);
  const char* end = words.text.ends_with('?') ? "" : ".";
  return {words.code, fmt::format("{} {}: {}{}", method_name(failure.method),
                                  shown_url(failure.url), words.text, end)};
}

}  // namespace pareto
