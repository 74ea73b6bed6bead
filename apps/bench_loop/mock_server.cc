#include "apps/bench_loop/mock_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "agent/models/utf8.h"

namespace pareto {
namespace {

constexpr std::size_t kMostBody = std::size_t{64} << 20;
constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

Instant now() {
  return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

std::size_t count_of(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + word.size())) {
    ++count;
  }
  return count;
}

std::string chunk(std::string_view bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

std::string event(std::string_view choices, std::string_view more = "") {
  return chunk(
      fmt::format("data: {{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\","
                  "\"created\":1700000000,\"model\":\"mock\",\"choices\":[{}]{}}}\n\n",
                  choices, more));
}

std::string delta(std::string_view members, std::string_view finish = "null") {
  return event(
      fmt::format("{{\"index\":0,\"delta\":{{{}}},\"finish_reason\":{}}}", members, finish));
}

std::string call_delta(std::string_view members) {
  return delta(fmt::format("\"tool_calls\":[{{\"index\":0,{}}}]", members));
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string plain_response(int status, std::string_view body) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", status,
      status == 200 ? "OK" : "Error", body.size(), body);
}

// The value of a header in lower-case names, or empty.
std::string_view header(std::string_view head, std::string_view name) {
  for (std::size_t line = head.find("\r\n"); line != head.npos; line = head.find("\r\n", line)) {
    line += 2;
    const std::size_t end = std::min(head.find("\r\n", line), head.size());
    const std::string_view text = head.substr(line, end - line);
    const bool named = text.size() > name.size() && text[name.size()] == ':' &&
                       strncasecmp(text.data(), name.data(), name.size()) == 0;
    if (!named) continue;
    const std::size_t value = text.find_first_not_of(' ', name.size() + 1);
    return value == text.npos ? std::string_view() : text.substr(value);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<MockServer>> MockServer::make(MockOptions options) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(options.port));
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || epoll < 0 || bind(listener, generic, size) != 0 ||
      listen(listener, 1024) != 0 || getsockname(listener, generic, &size) != 0) {
    return fail(ErrorCode::unavailable,
                fmt::format("can't listen on 127.0.0.1:{}: {}", options.port, strerror(errno)));
  }
  auto server = std::unique_ptr<MockServer>(
      new MockServer(std::move(options), listener, epoll, ntohs(address.sin_port)));
  epoll_event watched{.events = EPOLLIN, .data = {.fd = listener}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &watched);
  return server;
}

MockServer::MockServer(MockOptions options, int listener, int epoll, int port)
    : options_(std::move(options)), listener_(listener), epoll_(epoll), port_(port) {}

MockServer::~MockServer() {
  for (const auto& [socket, connection] : connections_) close(socket);
  close(listener_);
  close(epoll_);
}

void MockServer::run() {
  std::array<epoll_event, 256> events{};
  while (true) {
    const int count = epoll_wait(epoll_, events.data(), events.size(), milliseconds_to_next());
    for (int i = 0; i < count; ++i) {
      const epoll_event& happened = events[static_cast<std::size_t>(i)];
      const int socket = happened.data.fd;
      if (socket == listener_) {
        accept_all();
        continue;
      }
      if ((happened.events & EPOLLOUT) != 0) on_writable(socket);
      if ((happened.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) on_readable(socket);
    }
    send_due();
  }
}

void MockServer::accept_all() {
  while (true) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event watched{.events = EPOLLIN, .data = {.fd = socket}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &watched);
    connections_[socket].id = next_id_++;
  }
}

void MockServer::watch(int socket, bool writable) {
  epoll_event watched{.events = EPOLLIN | (writable ? EPOLLOUT : 0U), .data = {.fd = socket}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &watched);
}

void MockServer::close_connection(int socket) {
  close(socket);
  connections_.erase(socket);
}

void MockServer::on_readable(int socket) {
  const auto found = connections_.find(socket);
  if (found == connections_.end()) return;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t size = recv(socket, buffer.data(), buffer.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (size <= 0) return close_connection(socket);
    found->second.in.append(buffer.data(), static_cast<std::size_t>(size));
    if (static_cast<std::size_t>(size) < buffer.size()) break;
  }
  while (connections_.contains(socket) && take_request(socket, found->second)) {
  }
}

// Takes one whole request from the front of what came; false when there is none.
bool MockServer::take_request(int socket, Connection& connection) {
  const std::size_t head_end = connection.in.find("\r\n\r\n");
  if (head_end == std::string::npos) return false;
  const std::string_view head = std::string_view(connection.in).substr(0, head_end);
  std::size_t length = 0;
  const std::string_view text = header(head, "content-length");
  std::from_chars(text.data(), text.data() + text.size(), length);
  if (length > kMostBody || !header(head, "transfer-encoding").empty()) {
    close_connection(socket);
    return false;
  }
  const std::size_t body = head_end + 4;
  if (connection.in.size() < body + length) {
    const bool asks = connection.in.size() == body && !header(head, "expect").empty();
    if (asks) send_pieces(socket, {"HTTP/1.1 100 Continue\r\n\r\n"});
    return false;
  }
  const std::size_t target = head.find(' ') + 1;
  answer(socket, connection, head.substr(target, head.find(' ', target) - target),
         std::string_view(connection.in).substr(body, length));
  if (connections_.contains(socket)) connection.in.erase(0, body + length);
  return true;
}

void MockServer::answer(int socket, Connection& connection, std::string_view target,
                        std::string_view body) {
  if (!target.ends_with("/chat/completions")) {
    return send_pieces(socket, {plain_response(200, "{\"status\":\"ok\"}")});
  }
  std::vector<std::string> pieces = completion(body);
  if (options_.delay.count() == 0) return send_pieces(socket, pieces);
  due_.push({now() + options_.delay, socket, connection.id, std::move(pieces)});
}

std::vector<std::string> MockServer::completion(std::string_view body) const {
  const std::size_t turns =
      count_of(body, "\"role\":\"assistant\"") + count_of(body, "\"role\": \"assistant\"");
  const bool last = turns >= static_cast<std::size_t>(options_.turns);
  const std::string arguments = last ? R"({"answer":"done"})" : options_.arguments;
  std::vector<std::string> pieces;
  pieces.push_back(std::string(kHead) + delta(R"("role":"assistant","content":null)"));
  pieces.push_back(call_delta(
      fmt::format(R"("id":"call_{}","type":"function","function":{{"name":{},"arguments":""}})",
                  turns, json_string(last ? "finish" : options_.tool))));
  constexpr std::size_t kFragments = 5;
  for (std::size_t i = 0; i < kFragments; ++i) {
    const std::size_t from = arguments.size() * i / kFragments;
    const std::size_t to = arguments.size() * (i + 1) / kFragments;
    pieces.push_back(
        call_delta(fmt::format(R"("function":{{"arguments":{}}})",
                               json_string(std::string_view(arguments).substr(from, to - from)))));
  }
  pieces.push_back(delta("", "\"tool_calls\""));
  const std::size_t prompt = body.size() / 4;
  pieces.push_back(event(
      "", fmt::format(",\"usage\":{{\"prompt_tokens\":{},\"completion_tokens\":12,"
                      "\"total_tokens\":{},\"prompt_tokens_details\":{{\"cached_tokens\":{}}}}}",
                      prompt, prompt + 12, turns == 0 ? 0 : prompt * 9 / 10)));
  pieces.push_back(chunk("data: [DONE]\n\n") + "0\r\n\r\n");
  return pieces;
}

void MockServer::send_pieces(int socket, const std::vector<std::string>& pieces) {
  const auto found = connections_.find(socket);
  if (found == connections_.end()) return;
  std::string& out = found->second.out;
  if (options_.one_write || !out.empty()) {
    for (const std::string& piece : pieces) out += piece;
    return on_writable(socket);
  }
  for (const std::string& piece : pieces) {
    const std::size_t before = out.size();
    out += piece;
    if (before == 0) on_writable(socket);
    if (!connections_.contains(socket)) return;
  }
}

void MockServer::on_writable(int socket) {
  const auto found = connections_.find(socket);
  if (found == connections_.end()) return;
  std::string& out = found->second.out;
  while (!out.empty()) {
    const ssize_t size = send(socket, out.data(), out.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) {
      found->second.waits = true;
      return watch(socket, true);
    }
    if (size < 0) return close_connection(socket);
    out.erase(0, static_cast<std::size_t>(size));
  }
  if (std::exchange(found->second.waits, false)) watch(socket, false);
}

void MockServer::send_due() {
  const Instant time = now();
  while (!due_.empty() && due_.top().at <= time) {
    const Due due = due_.top();
    due_.pop();
    const auto found = connections_.find(due.socket);
    if (found != connections_.end() && found->second.id == due.id) {
      send_pieces(due.socket, due.pieces);
    }
  }
}

int MockServer::milliseconds_to_next() const {
  if (due_.empty()) return -1;
  return static_cast<int>(std::max<std::int64_t>((due_.top().at - now()).count(), 0));
}

}  // namespace pareto
