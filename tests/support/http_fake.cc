#include "tests/support/http_fake.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

namespace pareto::fakes {

namespace {

struct Listener {
  int fd;
  int port;
};

Listener listen_on_loopback() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, generic, size) != 0 || listen(fd, 1024) != 0 ||
      getsockname(fd, generic, &size) != 0) {
    throw std::runtime_error("no loopback socket for a test server");
  }
  return {fd, ntohs(address.sin_port)};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// One connection, blocking.
class Wire {
 public:
  explicit Wire(int fd) : fd_(fd) {}

  std::optional<HttpFake::Request> read();
  bool send(std::string_view bytes);
  // False when the client closed meanwhile.
  bool pause(Milliseconds time);

 private:
  bool fill();
  std::optional<std::string> line();
  bool take(std::size_t size, std::string& into);
  bool body(HttpFake::Request& request);

  int fd_;
  std::string buffer_;
};

bool Wire::fill() {
  std::array<char, 64 * 1024> bytes;
  const ssize_t count = recv(fd_, bytes.data(), bytes.size(), 0);
  if (count <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<std::string> Wire::line() {
  std::size_t end = buffer_.find("\r\n");
  while (end == std::string::npos) {
    if (!fill()) return std::nullopt;
    end = buffer_.find("\r\n");
  }
  std::string result = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return result;
}

bool Wire::take(std::size_t size, std::string& into) {
  while (buffer_.size() < size) {
    if (!fill()) return false;
  }
  into.append(buffer_, 0, size);
  buffer_.erase(0, size);
  return true;
}

bool Wire::body(HttpFake::Request& request) {
  const auto length = request.headers.find("content-length");
  if (length != request.headers.end()) {
    return take(std::strtoull(length->second.c_str(), nullptr, 10), request.body);
  }
  if (!request.headers.contains("transfer-encoding")) return true;
  while (true) {
    const auto head = line();
    if (!head) return false;
    const std::size_t size = std::strtoull(head->c_str(), nullptr, 16);
    if (!take(size, request.body) || !line()) return false;
    if (size == 0) return true;
  }
}

std::optional<HttpFake::Request> Wire::read() {
  const auto first = line();
  if (!first) return std::nullopt;
  HttpFake::Request request;
  const std::size_t space = first->find(' ');
  request.method = first->substr(0, space);
  request.target = first->substr(space + 1, first->rfind(' ') - space - 1);
  while (true) {
    const auto header = line();
    if (!header) return std::nullopt;
    if (header->empty()) break;
    const std::size_t colon = header->find(':');
    const std::size_t value = header->find_first_not_of(' ', colon + 1);
    request.headers[lower(header->substr(0, colon))] =
        value == std::string::npos ? "" : header->substr(value);
  }
  if (!body(request)) return std::nullopt;
  return request;
}

bool Wire::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool Wire::pause(Milliseconds time) {
  pollfd watched{fd_, POLLRDHUP, 0};
  return poll(&watched, 1, static_cast<int>(time.count())) == 0;
}

std::string head_of(const HttpFake::Reply& reply) {
  std::string head = fmt::format("HTTP/1.1 {} Fake\r\n", reply.status);
  for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
  std::size_t size = 0;
  for (const HttpFake::Piece& piece : reply.pieces) size += piece.bytes.size();
  if (reply.ending == HttpFake::Ending::cut || reply.ending == HttpFake::Ending::reset) ++size;
  if (reply.ending == HttpFake::Ending::hang) ++size;
  if (reply.framing == HttpFake::Framing::length)
    head += fmt::format("Content-Length: {}\r\n", size);
  if (reply.framing == HttpFake::Framing::chunked) head += "Transfer-Encoding: chunked\r\n";
  return head + "\r\n";
}

bool send_reply(Wire& wire, const HttpFake::Reply& reply) {
  const bool chunked = reply.framing == HttpFake::Framing::chunked;
  if (reply.framing != HttpFake::Framing::raw && !wire.send(head_of(reply))) return false;
  for (const HttpFake::Piece& piece : reply.pieces) {
    if (piece.after > Milliseconds(0) && !wire.pause(piece.after)) return false;
    if (piece.bytes.empty()) continue;
    const std::string bytes =
        chunked ? fmt::format("{:x}\r\n{}\r\n", piece.bytes.size(), piece.bytes) : piece.bytes;
    if (!wire.send(bytes)) return false;
  }
  const bool complete =
      reply.ending == HttpFake::Ending::keep_alive || reply.ending == HttpFake::Ending::close;
  return !chunked || !complete || wire.send("0\r\n\r\n");
}

void reset_on_close(int fd) {
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

struct HttpFake::State {
  explicit State(Handler the_handler)
      : handler(std::move(the_handler)), listener(listen_on_loopback()) {}

  void accept_all();
  void serve(int fd, int number);
  // Whether the server, and not the client, ends the connection.
  bool converse(int fd, int number);

  Handler handler;
  Listener listener;
  std::thread accepting;
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::vector<Request> requests;
  std::vector<std::thread> threads;
  std::vector<int> open;
  int accepted = 0;
  int hangups = 0;
  bool closing = false;
};

void HttpFake::State::accept_all() {
  while (true) {
    const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::scoped_lock lock(mutex);
    if (closing) {
      close(fd);
      return;
    }
    open.push_back(fd);
    threads.emplace_back([this, fd, number = ++accepted] { serve(fd, number); });
  }
}

void HttpFake::State::serve(int fd, int number) {
  const bool ours = converse(fd, number);
  const std::scoped_lock lock(mutex);
  std::erase(open, fd);
  close(fd);
  if (!ours && !closing) ++hangups;
  changed.notify_all();
}

bool HttpFake::State::converse(int fd, int number) {
  Wire wire(fd);
  while (auto request = wire.read()) {
    request->connection = number;
    Reply reply;
    {
      const std::scoped_lock lock(mutex);
      requests.push_back(*request);
      reply = handler(*request);
    }
    if (!send_reply(wire, reply)) return false;
    switch (reply.ending) {
      case Ending::keep_alive:
        break;
      case Ending::close:
      case Ending::cut:
        return true;
      case Ending::reset:
        reset_on_close(fd);
        return true;
      case Ending::hang:
        wire.pause(std::chrono::hours(1));
        return false;
    }
    if (reply.framing == Framing::until_close) return true;
  }
  return false;
}

HttpFake::HttpFake(Handler handler) : state_(std::make_unique<State>(std::move(handler))) {
  state_->accepting = std::thread([state = state_.get()] { state->accept_all(); });
}

HttpFake::~HttpFake() {
  std::vector<std::thread> threads;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->closing = true;
    for (const int fd : state_->open) shutdown(fd, SHUT_RDWR);
    shutdown(state_->listener.fd, SHUT_RDWR);
  }
  state_->accepting.join();
  {
    const std::scoped_lock lock(state_->mutex);
    threads.swap(state_->threads);
  }
  for (std::thread& thread : threads) thread.join();
  close(state_->listener.fd);
}

int HttpFake::port() const { return state_->listener.port; }

std::string HttpFake::url(std::string_view path) const {
  return fmt::format("http://127.0.0.1:{}{}", port(), path);
}

std::vector<HttpFake::Request> HttpFake::requests() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->requests;
}

int HttpFake::connections() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->accepted;
}

bool HttpFake::wait_for_hangups(int count) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, std::chrono::seconds(2),
                                  [&] { return state_->hangups >= count; });
}

HttpFake::Reply HttpFake::text(std::string body, int status) {
  Reply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", "text/plain"}};
  reply.pieces.push_back({std::move(body)});
  return reply;
}

HttpFake::Reply HttpFake::events(std::vector<std::string> pieces) {
  Reply reply;
  reply.headers = {{"Content-Type", "text/event-stream"}};
  reply.framing = Framing::chunked;
  for (std::string& piece : pieces) reply.pieces.push_back({std::move(piece)});
  return reply;
}

int unused_port() {
  // Bound and closed again: the kernel does not give it to another socket for a while.
  const Listener listener = listen_on_loopback();
  close(listener.fd);
  return listener.port;
}

}  // namespace pareto::fakes
