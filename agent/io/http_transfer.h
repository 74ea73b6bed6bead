#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/io/http_client.h"
#include "agent/io/http_error.h"

namespace pareto {

class HttpOperation;

// One curl easy handle and the request that it is working on; reused for many requests, because a
// new handle costs more than a request. Internal to agent/io.
class HttpTransfer {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // What all transfers of a client have in common.
  struct Setup {
    HttpOptions options;
    CURLSH* share = nullptr;
    std::string no_proxy;  // hosts that need none; empty: no proxy at all
    std::shared_ptr<const HttpHeaders> plain_headers;
    std::move_only_function<void(const std::string&)> on_connecting;  // the host; inside of curl
  };

  explicit HttpTransfer(Setup& setup);
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // Takes a request in. An error: nothing can be sent.
  Result<void> prepare(HttpRequest request, HttpHandlers handlers);
  // Lets the clock run for a deadline that leaves this much; called right before curl starts.
  void limit_time(Milliseconds left);
  // Makes it report connecting, once: others wait for the name that it looks up.
  void lead() { leads_ = true; }
  bool leads() const { return leads_; }  // and has not connected yet
  // Forgets the request. The handlers were moved out before.
  void clear();
  // Explains a failed request.
  Error error(CURLcode code) const;
  // Whether bytes were sent since the last call.
  bool upload_moved();

  CURL* easy() const { return easy_; }
  const HttpRequest& request() const { return request_; }
  const std::string& host() const { return host_; }
  bool literal_host() const { return literal_host_; }

  HttpHandlers handlers;
  HttpOperation* operation = nullptr;  // null: its owner has let go
  std::size_t slot = 0;                // place in the client's list of transfers under way
  std::size_t multi = 0;
  enum class Stage { idle, gate, ready, added } stage = Stage::idle;
  HttpStop stop = HttpStop::none;
  std::string stop_detail;
  Time last_moved{};

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user);
  static std::size_t on_data(char* data, std::size_t size, std::size_t count, void* user);
  static std::size_t on_read(char* data, std::size_t size, std::size_t count, void* user);
  static int on_seek(void* user, curl_off_t offset, int origin);
  static curl_socket_t on_open(void* user, curlsocktype purpose, curl_sockaddr* address);
  static int on_ready(void* user, char*, char*, int, int);

  Result<void> set_url();
  void set_method();
  void set_body();
  bool give_response();
  void connecting();
  void note_moved();

  Setup& setup_;
  CURL* easy_;
  HttpRequest request_;
  std::array<char, CURL_ERROR_SIZE> detail_{};
  std::string url_;  // what the handle was last told
  std::string host_;
  std::string joined_;  // a small body in one piece
  std::shared_ptr<const HttpHeaders> headers_;
  std::size_t segment_ = 0;  // where reading the body stands
  std::size_t segment_offset_ = 0;
  std::size_t head_bytes_ = 0;
  std::size_t received_ = 0;
  curl_off_t uploaded_ = 0;
  bool literal_host_ = false;
  bool responded_ = false;
  bool leads_ = false;
  HttpMethod method_ = HttpMethod::get;  // what the handle was last told
  bool has_body_ = false;
};

}  // namespace pareto
