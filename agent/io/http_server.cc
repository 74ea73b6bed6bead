#include "agent/io/http_server.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <deque>
#include <optional>

#include "agent/io/loop_asio.h"

namespace pareto {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr Milliseconds kPauseWithoutDescriptors{100};
// For a client that is told off while it sends: it reads the answer only if its bytes are taken.
constexpr Milliseconds kLinger{1'000};

void decode_parameters(std::string_view text, HttpQuery& query) {
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    query.parameters.emplace_back(url_decoded(pair.substr(0, equals)), url_decoded(value));
  }
}

HttpQuery query_of(const http::request<http::string_body>& request) {
  HttpQuery query;
  query.method = std::string(request.method_string());
  const std::string_view target(request.target().data(), request.target().size());
  const std::size_t mark = target.find('?');
  query.path = url_decoded(target.substr(0, mark));
  if (mark != std::string_view::npos) decode_parameters(target.substr(mark + 1), query);
  for (const auto& field : request) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    query.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  query.body = request.body();
  return query;
}

struct Shared {
  HttpServerOptions options;
  HttpServer::Handler handler;
  std::size_t open = 0;
  std::size_t busy = 0;
  std::function<void()> on_closed;
};

// One connection: reads a request, answers it, reads the next; or becomes a stream.
class Connection final : public HttpStream, public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, std::shared_ptr<Shared> shared)
      : stream_(std::move(socket)), shared_(std::move(shared)) {
    ++shared_->open;
  }
  ~Connection() override {
    --shared_->open;
    set_busy(false);
    if (shared_->on_closed) shared_->on_closed();
  }

  void read() {
    set_busy(false);
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_->options.header_limit));
    parser_->body_limit(shared_->options.body_limit);
    // One deadline for the whole request, so that a byte now and then does not hold a connection.
    stream_.expires_after(buffer_.size() > 0 || first_ ? shared_->options.read_timeout
                                                       : shared_->options.idle_timeout);
    first_ = false;
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       self->on_read(error);
                     });
  }

  void send(std::string bytes) override {
    if (closed_ || finishing_ || bytes.empty()) return;
    push(chunked_ ? fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes) : std::move(bytes));
  }

  void finish() override {
    if (closed_ || std::exchange(finishing_, true)) return;
    if (chunked_) return push("0\r\n\r\n");
    if (queue_.empty()) close();
  }

  bool closed() const override { return closed_; }
  std::size_t queued() const override { return queued_; }
  void when_drained(std::function<void()> fn) override {
    if (!closed_) on_drained_ = std::move(fn);
  }

 private:
  void on_read(beast::error_code error) {
    if (error == http::error::header_limit || error == http::error::body_limit) {
      return answer(
          error == http::error::body_limit
              ? refusal(413, fmt::format("a body may have {} bytes", shared_->options.body_limit))
              : refusal(431, fmt::format("the headers may have {} bytes together",
                                         shared_->options.header_limit)),
          false);
    }
    // What is no HTTP at all is closed without a word.
    if (error) return close();
    const auto& request = parser_->get();
    head_ = request.method() == http::verb::head;
    chunked_ = request.version() >= 11;
    exchange(query_of(request), request.keep_alive());
  }

  HttpAnswer refusal(int status, const std::string& detail) const {
    if (shared_->options.refusal) return shared_->options.refusal(status, detail);
    return {.status = status, .content_type = "text/plain", .body = detail + "\n"};
  }

  void exchange(HttpQuery query, bool keep_alive) {
    if (!shared_->handler) return close();
    set_busy(true);
    stream_.expires_never();
    const auto self = shared_from_this();
    shared_->handler(
        {.query = std::move(query),
         .answer = [self,
                    keep_alive](HttpAnswer answer) { self->answer(std::move(answer), keep_alive); },
         .stream = [self](const HttpStreamHead& head) { return self->become_stream(head); }});
  }

  void answer(HttpAnswer answer, bool keep_alive) {
    set_busy(true);
    response_.emplace();
    response_->result(static_cast<unsigned>(answer.status));
    response_->version(11);
    if (!answer.body.empty()) response_->set(http::field::content_type, answer.content_type);
    response_->set(http::field::cache_control, "no-store");
    response_->set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : answer.headers) response_->set(name, value);
    if (!head_) response_->body() = std::move(answer.body);
    response_->keep_alive(keep_alive);
    response_->prepare_payload();
    stream_.expires_after(shared_->options.read_timeout);
    http::async_write(
        stream_, *response_,
        [self = shared_from_this(), keep_alive](beast::error_code error, std::size_t) {
          if (error) return self->close();
          keep_alive ? self->read() : self->linger();
        });
  }

  std::shared_ptr<HttpStream> become_stream(const HttpStreamHead& wanted) {
    const auto reason = http::obsolete_reason(http::int_to_status(wanted.status));
    std::string head = fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\nConnection: close\r\n",
        wanted.status, std::string_view(reason.data(), reason.size()), wanted.content_type);
    if (chunked_) head += "Transfer-Encoding: chunked\r\n";
    push(head + "\r\n");
    notice_close();
    return shared_from_this();
  }

  // A client of a stream sends nothing more; the end of its side is the end of the stream.
  void notice_close() {
    stream_.async_read_some(asio::buffer(ignored_),
                            [self = shared_from_this()](beast::error_code error, std::size_t) {
                              if (error) return self->close();
                              self->notice_close();
                            });
  }

  void linger() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    if (ignored) return close();
    set_busy(false);
    stream_.expires_after(kLinger);
    notice_close();
  }

  void push(std::string bytes) {
    if (queued_ > shared_->options.stream_queue) return close();
    queued_ += bytes.size();
    queue_.push_back(std::move(bytes));
    if (queue_.size() == 1) write_next();
  }

  void write_next() {
    asio::async_write(stream_, asio::buffer(queue_.front()),
                      [self = shared_from_this()](beast::error_code error, std::size_t) {
                        if (error) return self->close();
                        self->queued_ -= self->queue_.front().size();
                        self->queue_.pop_front();
                        if (!self->queue_.empty()) return self->write_next();
                        if (self->finishing_) return self->close();
                        if (auto fn = std::exchange(self->on_drained_, nullptr)) fn();
                      });
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    set_busy(false);
    on_drained_ = nullptr;
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
  }

  void set_busy(bool busy) {
    if (std::exchange(busy_, busy) == busy) return;
    busy ? ++shared_->busy : --shared_->busy;
  }

  beast::tcp_stream stream_;
  std::shared_ptr<Shared> shared_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  std::deque<std::string> queue_;
  std::size_t queued_ = 0;
  std::function<void()> on_drained_;
  std::array<char, 4096> ignored_{};
  bool first_ = true;
  bool busy_ = false;
  bool head_ = false;
  bool chunked_ = true;
  bool finishing_ = false;
  bool closed_ = false;
};

class Listener final : public HttpServer {
 public:
  Listener(Loop& loop, std::shared_ptr<Shared> shared, tcp::acceptor acceptor)
      : loop_(loop),
        shared_(std::move(shared)),
        acceptor_(std::move(acceptor)),
        port_(acceptor_.local_endpoint().port()) {
    shared_->on_closed = [this] { accept(); };
    accept();
  }
  static std::unique_ptr<HttpServer> make(Loop& loop, tcp::acceptor acceptor,
                                          HttpServerOptions options, Handler handler) {
    auto shared = std::make_shared<Shared>();
    shared->options = std::move(options);
    shared->handler = std::move(handler);
    return std::make_unique<Listener>(loop, std::move(shared), std::move(acceptor));
  }
  ~Listener() override {
    shared_->on_closed = nullptr;
    shared_->handler = nullptr;
    stop_accepting();
  }

  unsigned short port() const override { return port_; }

  void stop_accepting() override {
    stopped_ = true;
    beast::error_code ignored;
    acceptor_.close(ignored);
  }

  std::size_t busy() const override { return shared_->busy; }

 private:
  // Not accepting is kinder than accepting and dropping: the kernel lets clients wait.
  void accept() {
    if (stopped_ || accepting_ || shared_->open >= shared_->options.connections) return;
    accepting_ = true;
    acceptor_.async_accept(
        [this, alive = std::weak_ptr<int>(alive_)](beast::error_code error, tcp::socket socket) {
          if (alive.expired()) return;
          accepting_ = false;
          if (stopped_) return;
          if (error) {
            // Out of descriptors, most likely: some will be free in a moment.
            pause_ = loop_.after(kPauseWithoutDescriptors, [this] { accept(); });
            return;
          }
          std::make_shared<Connection>(std::move(socket), shared_)->read();
          accept();
        });
  }

  Loop& loop_;
  std::shared_ptr<Shared> shared_;
  tcp::acceptor acceptor_;
  unsigned short port_;
  std::unique_ptr<Operation> pause_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  bool accepting_ = false;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop& loop, HttpServerOptions options,
                                                       Handler handler) {
  beast::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) {
    return fail(ErrorCode::invalid,
                fmt::format("\"{}\" is no IP address to listen on; expected one "
                            "such as 127.0.0.1 or ::1",
                            options.address));
  }
  const tcp::endpoint endpoint(address, options.port);
  tcp::acceptor acceptor(context(loop));
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return fail(ErrorCode::unavailable,
                fmt::format("can't listen on {}:{}: {}; choose another with --listen",
                            options.address, options.port, error.message()));
  }
  return Listener::make(loop, std::move(acceptor), std::move(options), std::move(handler));
}

Result<std::unique_ptr<HttpServer>> HttpServer::serve(Loop& loop, Descriptor listener,
                                                      HttpServerOptions options, Handler handler) {
  beast::error_code error;
  tcp::acceptor acceptor(context(loop));
  acceptor.assign(tcp::v4(), listener.get(), error);
  if (!error) {
    listener.release();
    acceptor.local_endpoint(error);
  }
  if (error) {
    return fail(ErrorCode::internal,
                fmt::format("expected a listening TCP socket; found none: {}", error.message()));
  }
  return Listener::make(loop, std::move(acceptor), std::move(options), std::move(handler));
}

}  // namespace pareto
