#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace pareto {

struct MockOptions {
  int port = 0;               // 0: any free one
  std::string tool = "noop";  // what is called until the last turn
  std::string arguments = "{}";
  int turns = 50;  // replies before the call of `finish`
  Milliseconds delay{0};
  bool one_write = false;  // the whole response at once instead of a write for each event
};

// An OpenAI-compatible server of one thread that answers every chat completion at once (or after a
// fixed delay), streamed in about ten events: with a call of a trivial tool, and of `finish` once
// the request holds `turns` assistant messages. For measuring clients: it parses no JSON.
class MockServer {
 public:
  static Result<std::unique_ptr<MockServer>> make(MockOptions options);
  ~MockServer();
  MockServer(const MockServer&) = delete;
  MockServer& operator=(const MockServer&) = delete;

  int port() const { return port_; }
  // Serves until the process is killed.
  void run();

 private:
  struct Connection {
    std::uint64_t id = 0;
    std::string in;
    std::string out;     // what the socket did not take yet
    bool waits = false;  // until it is writable
  };
  struct Due {
    Instant at;
    int socket = -1;
    std::uint64_t id = 0;  // of the connection, as sockets are numbered anew
    std::vector<std::string> pieces;
    bool operator>(const Due& other) const { return at > other.at; }
  };

  MockServer(MockOptions options, int listener, int epoll, int port);
  void accept_all();
  void on_readable(int socket);
  void on_writable(int socket);
  bool take_request(int socket, Connection& connection);
  void answer(int socket, Connection& connection, std::string_view target, std::string_view body);
  std::vector<std::string> completion(std::string_view body) const;
  void send_pieces(int socket, const std::vector<std::string>& pieces);
  void send_due();
  int milliseconds_to_next() const;
  void watch(int socket, bool writable);
  void close_connection(int socket);

  MockOptions options_;
  int listener_;
  int epoll_;
  int port_;
  std::uint64_t next_id_ = 1;
  std::map<int, Connection> connections_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

}  // namespace pareto
