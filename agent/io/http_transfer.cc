#include "agent/io/http_transfer.h"

#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "agent/io/http_address.h"
#include "agent/io/http_headers.h"

namespace pareto {

namespace {

// Up to here curl sends head and body by one system call, which saves more than the copy costs:
// measured 17 instead of 25 us a request. Above it curl's buffer outgrows what malloc keeps.
constexpr std::size_t kJoin = 30 * 1024;
constexpr std::size_t kHeadLimit = 64 * 1024;

std::size_t size_of(const std::vector<Segment>& body) {
  std::size_t size = 0;
  for (const Segment& segment : body) size += segment.bytes.size();
  return size;
}

}  // namespace

std::string_view HttpHead::header(const char* name) const {
  curl_header* found = nullptr;
  if (curl_easy_header(easy_, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return {};
  return found->value;
}

HttpTransfer::HttpTransfer(Setup& setup) : setup_(setup), easy_(curl_easy_init()) {
  if (easy_ == nullptr) throw std::bad_alloc();
  const HttpOptions& options = setup.options;
  const auto set = [this](CURLoption option, auto value) {
    curl_easy_setopt(easy_, option, value);
  };
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_ERRORBUFFER, detail_.data());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a cancelled lookup does not hold the loop up
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  // With a bundle, a path of certificates keeps curl's cache of them off: 18 ms a connection.
  set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(CURLOPT_BUFFERSIZE, static_cast<long>(options.receive_buffer));
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_PIPEWAIT, 1L);
  if (setup.share != nullptr) set(CURLOPT_SHARE, setup.share);
  // Saying that there is no proxy spares curl the look into the environment at each request.
  if (setup.no_proxy.empty()) {
    set(CURLOPT_PROXY, "");
  } else {
    set(CURLOPT_NOPROXY, setup.no_proxy.c_str());
  }
  set(CURLOPT_HEADERFUNCTION, on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, on_data);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_READFUNCTION, on_read);
  set(CURLOPT_READDATA, this);
  set(CURLOPT_SEEKFUNCTION, on_seek);
  set(CURLOPT_SEEKDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, on_open);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_PREREQFUNCTION, on_ready);
  set(CURLOPT_PREREQDATA, this);
}

HttpTransfer::~HttpTransfer() { curl_easy_cleanup(easy_); }

Result<void> HttpTransfer::prepare(HttpRequest request, HttpHandlers the_handlers) {
  request_ = std::move(request);
  handlers = std::move(the_handlers);
  detail_[0] = '\0';
  stop = HttpStop::none;
  stop_detail.clear();
  segment_ = segment_offset_ = head_bytes_ = received_ = 0;
  uploaded_ = 0;
  responded_ = false;
  if (auto usable = set_url(); !usable) return usable;
  const auto& headers = request_.headers ? request_.headers : setup_.plain_headers;
  if (headers != headers_) {
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers->lines_->first);
    headers_ = headers;
  }
  set_method();
  return {};
}

Result<void> HttpTransfer::set_url() {
  if (request_.url == url_) return {};
  url_.clear();
  const UrlPlace place = url_place(request_.url);
  if (place.host.empty()) return std::unexpected(error(CURLE_URL_MALFORMAT));
  host_ = place.host;
  literal_host_ = needs_no_lookup(host_);
  // Over TLS the version is agreed on in the handshake; on a plain connection asking for 2 would
  // make parallel requests wait for the first response.
  const bool tls = place.scheme.size() == 5;
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION,
                   static_cast<long>(tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  if (curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str()) != CURLE_OK) {
    return std::unexpected(error(CURLE_URL_MALFORMAT));
  }
  url_ = request_.url;
  return {};
}

void HttpTransfer::set_method() {
  const HttpMethod method = request_.method;
  const bool has_body = method == HttpMethod::post || method == HttpMethod::put;
  if (method != method_ || has_body != has_body_) {
    const char* name = nullptr;
    if (method == HttpMethod::put) name = "PUT";
    if (method == HttpMethod::remove) name = "DELETE";
    if (!has_body) curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, name);
    method_ = method;
    has_body_ = has_body;
  }
  if (has_body) set_body();
}

void HttpTransfer::set_body() {
  const std::size_t size = size_of(request_.body);
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(size));
  if (request_.body.size() == 1 && size > 0) {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.front().bytes.data());
  } else if (size <= kJoin) {
    joined_.clear();
    for (const Segment& segment : request_.body) joined_.append(segment.bytes);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, joined_.data());
  } else {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, nullptr);
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
  }
}

void HttpTransfer::limit_time(Milliseconds left) {
  const auto ms = std::max<Milliseconds::rep>(left.count(), 1);
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(ms));
}

void HttpTransfer::clear() {
  operation = nullptr;
  stage = Stage::idle;
  request_.body.clear();
  request_.headers.reset();
  leads_ = false;
}

Error HttpTransfer::error(CURLcode code) const {
  HttpFailure failure;
  failure.method = request_.method;
  failure.url = request_.url;
  failure.code = code;
  failure.stop = stop;
  failure.detail = detail_[0] != '\0' ? detail_.data() : curl_easy_strerror(code);
  if (!stop_detail.empty()) failure.detail = stop_detail;
  failure.received = received_;
  failure.response_limit = request_.response_limit;
  failure.stall = request_.stall;
  failure.connect_timeout = setup_.options.connect_timeout;
  return http_error(failure);
}

bool HttpTransfer::upload_moved() {
  curl_off_t sent = 0;
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &sent);
  return std::exchange(uploaded_, sent) != sent;
}

void HttpTransfer::note_moved() {
  if (request_.stall > Milliseconds(0)) last_moved = std::chrono::steady_clock::now();
}

// Tells the owner of the response's head; false when nobody wants the rest.
bool HttpTransfer::give_response() {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200) return true;  // "100 Continue" and the like come before the response
  responded_ = true;
  if (handlers.on_response && operation != nullptr) {
    HttpHead head;
    head.status = static_cast<int>(status);
    head.easy_ = easy_;
    handlers.on_response(head);
  }
  return operation != nullptr;
}

std::size_t HttpTransfer::on_header(char* data, std::size_t, std::size_t count, void* user) {
  auto& self = *static_cast<HttpTransfer*>(user);
  if (self.operation == nullptr) return 0;
  self.note_moved();
  self.head_bytes_ += count;
  if (self.head_bytes_ > kHeadLimit) {
    self.stop = HttpStop::head_too_large;
    return 0;
  }
  const bool ends_head = count <= 2 && (data[0] == '\r' || data[0] == '\n');
  if (ends_head && !self.responded_ && !self.give_response()) return 0;
  return count;
}

std::size_t HttpTransfer::on_data(char* data, std::size_t, std::size_t count, void* user) {
  auto& self = *static_cast<HttpTransfer*>(user);
  // Zero is an error to curl unless there was nothing to take.
  if (self.operation == nullptr) return 0;
  self.note_moved();
  self.received_ += count;
  if (self.received_ > self.request_.response_limit) {
    self.stop = HttpStop::body_too_large;
    return 0;
  }
  if (self.handlers.on_data) self.handlers.on_data({data, count});
  return self.operation == nullptr ? 0 : count;
}

std::size_t HttpTransfer::on_read(char* data, std::size_t size, std::size_t count, void* user) {
  auto& self = *static_cast<HttpTransfer*>(user);
  const std::size_t room = size * count;
  std::size_t given = 0;
  while (given < room && self.segment_ < self.request_.body.size()) {
    const std::string_view bytes = self.request_.body[self.segment_].bytes;
    const std::size_t part = std::min(room - given, bytes.size() - self.segment_offset_);
    std::memcpy(data + given, bytes.data() + self.segment_offset_, part);
    given += part;
    self.segment_offset_ += part;
    if (self.segment_offset_ == bytes.size()) {
      ++self.segment_;
      self.segment_offset_ = 0;
    }
  }
  return given;
}

// curl starts over when a kept connection turns out to be dead.
int HttpTransfer::on_seek(void* user, curl_off_t offset, int origin) {
  auto& self = *static_cast<HttpTransfer*>(user);
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  auto left = static_cast<std::size_t>(offset);
  self.segment_ = self.segment_offset_ = 0;
  const auto& body = self.request_.body;
  while (self.segment_ < body.size() && left >= body[self.segment_].bytes.size()) {
    left -= body[self.segment_++].bytes.size();
  }
  if (self.segment_ == body.size()) return left == 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
  self.segment_offset_ = left;
  return CURL_SEEKFUNC_OK;
}

void HttpTransfer::connecting() {
  if (!std::exchange(leads_, false)) return;
  setup_.on_connecting(host_);
}

curl_socket_t HttpTransfer::on_open(void* user, curlsocktype, curl_sockaddr* address) {
  auto& self = *static_cast<HttpTransfer*>(user);
  self.connecting();
  if (self.setup_.options.reach == HttpReach::public_only && !is_public(address->addr)) {
    self.stop = HttpStop::address_denied;
    self.stop_detail = describe(address->addr);
    return CURL_SOCKET_BAD;
  }
  self.stop = HttpStop::none;  // an earlier address of the host may have been denied
  // curl itself would let child processes inherit the socket.
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int HttpTransfer::on_ready(void* user, char*, char*, int, int) {
  static_cast<HttpTransfer*>(user)->connecting();
  return CURL_PREREQFUNC_OK;
}

}  // namespace pareto
