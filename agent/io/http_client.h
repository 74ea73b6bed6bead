#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/operation.h"
#include "agent/core/result.h"
#include "agent/core/time.h"
#include "agent/io/loop.h"

namespace pareto {

// A piece of a request body. `owner` keeps `bytes` alive; it may be a string that grows at its end,
// but not while a request that refers to it is under way. A null owner: the bytes live elsewhere
// until the request has ended.
struct Segment {
  std::shared_ptr<const std::string> owner;
  std::string_view bytes;
};

// Request headers, prepared once and shared by any number of requests. Immutable.
class HttpHeaders {
 public:
  using List = std::vector<std::pair<std::string, std::string>>;
  // Refuses names and values that could break out of their line. An empty value is sent as such.
  static Result<std::shared_ptr<const HttpHeaders>> make(const List& headers);
  ~HttpHeaders();
  HttpHeaders(const HttpHeaders&) = delete;
  HttpHeaders& operator=(const HttpHeaders&) = delete;

 private:
  friend class HttpTransfer;
  HttpHeaders() = default;
  struct Lines;
  std::unique_ptr<Lines> lines_;
};

enum class HttpMethod { get, post, put, remove };

struct HttpRequest {
  HttpMethod method = HttpMethod::get;
  std::string url;                             // http or https; never logged with its query
  std::shared_ptr<const HttpHeaders> headers;  // null: none but curl's Host and Accept
  std::vector<Segment> body;                   // sent in order; post and put only
  Deadline deadline;                           // for the whole exchange
  Milliseconds stall{0};                       // fail after this long without a byte; 0: never
  std::size_t response_limit = std::size_t{64} << 20;  // bytes of body
  std::uint64_t affinity = 0;  // requests of one key share connections: the hash of a run's id
};

// The head of a response. Valid during `on_response` only.
class HttpHead {
 public:
  int status = 0;
  // The last value of a header, by case-insensitive name; empty when absent.
  std::string_view header(const char* name) const;

 private:
  friend class HttpTransfer;
  void* easy_ = nullptr;
};

// Called from the loop, never from within `send`; in the order on_response, on_data..., on_done.
// Any may be empty. Each may destroy its own operation, or any other, and may send.
struct HttpHandlers {
  std::move_only_function<void(const HttpHead&)> on_response;  // once, if a response came
  std::move_only_function<void(std::string_view)> on_data;     // body bytes in any cut
  // Once, last. A response of any status is a success here; an error means that no complete
  // response came: invalid (URL), unavailable (connection), timeout (deadline, connect or stall),
  // limit (response too large), denied (certificate, address), protocol.
  std::move_only_function<void(Result<void>)> on_done;
};

// Which addresses may be connected to, decided after name resolution.
enum class HttpReach {
  any,
  public_only,  // neither loopback nor private, link-local, multicast or reserved ranges; no proxy
};

struct HttpOptions {
  std::size_t multi_handles = 4;  // curl slows down beyond some hundred transfers in one
  Milliseconds connect_timeout = std::chrono::seconds(5);
  std::size_t receive_buffer = 4096;  // bytes per transfer under way
  std::size_t kept_connections = 64;  // idle ones, per multi handle
  HttpReach reach = HttpReach::any;
  std::string ca_file;  // PEM bundle; empty: the system's
  std::string user_agent = "pareto";
};

// HTTP/1.1 and HTTP/2 (over TLS) client on curl, with kept connections. Follows no redirects.
// Proxies of the environment are used, except for loopback hosts.
//
// Thread: the loop's. Several clients may share a loop. A client outlives its operations and is not
// destroyed by one of its handlers.
class HttpClient {
 public:
  explicit HttpClient(Loop& loop, HttpOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Starts a request. Destroying the operation closes its connection at once unless the response
  // was complete; no handler is called afterwards.
  [[nodiscard]] std::unique_ptr<Operation> send(HttpRequest request, HttpHandlers handlers);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace pareto
