#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/time.h"

namespace pareto::fakes {

// An HTTP/1.1 server on loopback that answers as a test says. Each connection has a thread.
//
//   HttpFake server([](const HttpFake::Request&) { return HttpFake::text("hello"); });
//   client.send({.url = server.url("/v1/chat")}, ...);
class HttpFake {
 public:
  struct Request {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    int connection = 0;  // 1 is the first
  };

  struct Piece {
    std::string bytes;
    Milliseconds after{0};  // pause before sending it
  };

  enum class Framing { length, chunked, until_close, raw };  // raw: pieces are the whole response
  enum class Ending {
    keep_alive,
    close,  // a complete response, then the connection is closed
    cut,    // the connection is closed before the announced end
    reset,  // the same by a TCP reset
    hang,   // nothing more comes until the client closes
  };

  struct Reply {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::vector<Piece> pieces;
    Framing framing = Framing::length;
    Ending ending = Ending::keep_alive;
  };

  // Called from connection threads, one call at a time.
  using Handler = std::function<Reply(const Request&)>;

  explicit HttpFake(Handler handler);
  ~HttpFake();
  HttpFake(const HttpFake&) = delete;
  HttpFake& operator=(const HttpFake&) = delete;

  std::string url(std::string_view path = "/") const;  // http://127.0.0.1:PORT/...
  int port() const;
  std::vector<Request> requests() const;
  int connections() const;  // accepted so far
  // Waits until that many connections were closed by the client, or for two seconds.
  bool wait_for_hangups(int count) const;

  static Reply text(std::string body, int status = 200);
  // A chunked event stream; each piece is sent by itself.
  static Reply events(std::vector<std::string> pieces);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

// A port of 127.0.0.1 at which nobody listens.
int unused_port();

}  // namespace pareto::fakes
