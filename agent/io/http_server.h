#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "agent/io/descriptor.h"
#include "agent/io/loop.h"

namespace pareto {

struct HttpQuery {
  std::string method;  // "GET"
  std::string path;    // decoded, without the query: "/v1/runs"
  std::vector<std::pair<std::string, std::string>> parameters;  // decoded
  std::vector<std::pair<std::string, std::string>> headers;     // names in lower case
  std::string body;

  std::string header(std::string_view lower_case_name) const;  // empty when absent
  std::string parameter(std::string_view name) const;          // empty when absent
};

struct HttpAnswer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// A response whose end is not known yet, such as Server-Sent Events. May be kept and used until
// `closed`.
// Thread: the loop's.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  // Queues bytes. A reader for whom more than the limit is queued already is cut off; it can come
  // back.
  virtual void send(std::string bytes) = 0;
  virtual void finish() = 0;
  virtual bool closed() const = 0;
  // Bytes that wait for the reader.
  virtual std::size_t queued() const = 0;
  // Calls `fn` once nothing is queued any more; never when the stream closes before. `fn` must not
  // own the stream.
  virtual void when_drained(std::function<void()> fn) = 0;
};

// How a stream begins.
struct HttpStreamHead {
  int status = 200;
  std::string content_type = "text/event-stream";
};

// Either answer at once, or take the stream. `stream` is made only when it is asked for.
struct HttpExchange {
  HttpQuery query;
  std::function<void(HttpAnswer)> answer;
  std::function<std::shared_ptr<HttpStream>(HttpStreamHead)> stream;
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  unsigned short port = 8766;  // 0: any free one
  std::size_t header_limit = 8 * 1024;
  std::size_t body_limit = 8 << 20;
  Milliseconds read_timeout{15'000};   // of a whole request, set once
  Milliseconds idle_timeout{60'000};   // between requests of a connection
  std::size_t connections = 500;       // beyond that, new ones wait to be accepted
  std::size_t stream_queue = 1 << 20;  // bytes
  // What a request is answered with that is refused before it was read to its end: 413 or 431, and
  // why. Empty: plain text.
  std::function<HttpAnswer(int status, const std::string& detail)> refusal;
};

// An HTTP/1.1 server on the loop. Malformed requests are answered and their connection closed
// without calling the handler. Thread: the loop's.
class HttpServer {
 public:
  using Handler = std::function<void(HttpExchange)>;
  // invalid: the address makes no sense; unavailable: the port is taken.
  static Result<std::unique_ptr<HttpServer>> listen(Loop& loop, HttpServerOptions options,
                                                    Handler handler);
  // Takes the connections of a socket that listens already, in whichever network namespace it was
  // made. `internal`: it does not listen on TCP.
  static Result<std::unique_ptr<HttpServer>> serve(Loop& loop, Descriptor listener,
                                                   HttpServerOptions options, Handler handler);
  // No handler is called afterwards; what was answered by then is sent.
  virtual ~HttpServer() = default;
  virtual unsigned short port() const = 0;
  // Accepts no more; open exchanges go on.
  virtual void stop_accepting() = 0;
  // Exchanges whose answer or stream has not been sent to its end.
  virtual std::size_t busy() const = 0;
};

// Whether only programs on this machine reach an address: 127.0.0.0/8 or ::1.
bool is_loopback(const std::string& address);

// "%2F" and "+" undone; an incomplete escape stays as it is.
std::string url_decoded(std::string_view text);

}  // namespace pareto
