#include "agent/io/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <thread>

namespace pareto {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A blocking connection, used from a thread of its own.
class Client {
 public:
  explicit Client(unsigned short port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    const timeval limit{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // Until the server closes, or `end` was read.
  std::string read(std::string_view end = {}) {
    std::string all;
    char buffer[4096];
    while (end.empty() || !all.contains(end)) {
      const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      all.append(buffer, static_cast<std::size_t>(count));
    }
    return all;
  }

 private:
  int socket_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void listen(HttpServerOptions options = {}) {
    options.port = 0;
    auto listening = HttpServer::listen(loop, options, [this](const HttpExchange& exchange) {
      if (exchange.query.path == "/stream") {
        stream = exchange.stream(stream_head);
        if (on_stream) on_stream();
        return;
      }
      const HttpQuery& query = exchange.query;
      exchange.answer({.content_type = "text/plain",
                       .body = query.method + " " + query.path + " " + query.parameter("a") + " " +
                               query.header("x-test") + " " + query.body});
    });
    ASSERT_TRUE(listening) << listening.error().message;
    server = std::move(*listening);
  }

  // Runs the loop while `client` runs in a thread.
  void with(const std::function<void()>& client) {
    bool done = false;
    auto working = loop.keep_running();
    std::thread thread([&] {
      client();
      loop.post([&done] { done = true; });
    });
    loop.run_until([&done] { return done; });
    thread.join();
  }
  std::string talk(const std::string& request) {
    std::string answer;
    with([&] {
      Client client(server->port());
      client.send(request);
      answer = client.read();
    });
    return answer;
  }

  Loop loop;
  std::unique_ptr<HttpServer> server;
  std::shared_ptr<HttpStream> stream;
  std::function<void()> on_stream;
  HttpStreamHead stream_head;
};

constexpr const char* kClose = "Host: localhost\r\nConnection: close\r\n\r\n";

TEST_F(HttpServerTest, GivesTheHandlerWhatWasAsked) {
  listen();
  EXPECT_THAT(talk(std::string("GET /a%20b?a=1%2B1&b=2 HTTP/1.1\r\nX-Test: yes\r\n") + kClose),
              EndsWith("\r\n\r\nGET /a b 1+1 yes "));
  EXPECT_THAT(talk(std::string("POST / HTTP/1.1\r\nContent-Length: 4\r\n") + kClose + "body"),
              EndsWith("\r\n\r\nPOST /   body"));
}

TEST_F(HttpServerTest, AnswersSeveralRequestsOfAConnectionInOrder) {
  listen();
  std::string requests;
  for (const char* path : {"/1", "/2", "/3"}) {
    requests += std::string("GET ") + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  const std::string answer = talk(requests + "GET /4 HTTP/1.1\r\n" + kClose);
  std::size_t at = 0;
  for (const char* body : {"GET /1", "GET /2", "GET /3", "GET /4"}) {
    const std::size_t found = answer.find(body, at);
    ASSERT_NE(found, std::string::npos) << body << " in " << answer;
    at = found;
  }
}

TEST_F(HttpServerTest, AHeadRequestGetsNoBody) {
  listen();
  EXPECT_THAT(talk(std::string("HEAD / HTTP/1.1\r\n") + kClose), EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, RefusesWhatIsTooLarge) {
  HttpServerOptions options{.body_limit = 100};
  options.refusal = [](int status, const std::string& why) {
    return HttpAnswer{.status = status, .content_type = "text/own", .body = why};
  };
  listen(options);
  EXPECT_THAT(talk("GET / HTTP/1.1\r\nX-A: " + std::string(9'000, 'a') + "\r\n" + kClose),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(talk("GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\n" + kClose),
              StartsWith("HTTP/1.1 431 "));
  const std::string large = talk(std::string("POST / HTTP/1.1\r\nContent-Length: 99000000\r\n") +
                                 kClose + std::string(100'000, 'b'));
  EXPECT_THAT(large, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(large, HasSubstr("text/own"));
  EXPECT_THAT(large, EndsWith("a body may have 100 bytes"));
  EXPECT_THAT(talk(std::string("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n") + kClose +
                   "65\r\n" + std::string(101, 'b') + "\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, ClosesOnWhatIsNoHttp) {
  listen();
  EXPECT_EQ(talk("\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03 a TLS hello\r\n\r\n"), "");
  EXPECT_EQ(talk(std::string("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", 27)), "");
  EXPECT_EQ(talk(std::string("POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: "
                             "chunked\r\n") +
                 kClose + "0\r\n\r\n"),
            "");
}

TEST_F(HttpServerTest, ARequestThatTakesTooLongIsDroppedHoweverOftenAByteComes) {
  listen({.read_timeout = Milliseconds(200)});
  with([this] {
    Client client(server->port());
    const auto begun = std::chrono::steady_clock::now();
    std::thread drip([&client] {
      for (int i = 0; i < 40; ++i) {
        client.send("G");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
    EXPECT_EQ(client.read(), "");
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(700));
    drip.join();
  });
}

TEST_F(HttpServerTest, AConnectionThatAsksNothingMoreIsClosed) {
  listen({.idle_timeout = Milliseconds(100)});
  EXPECT_THAT(talk("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr("GET /"));
}

TEST_F(HttpServerTest, BeyondTheLimitConnectionsWaitForOthersToEnd) {
  listen({.connections = 1});
  with([this] {
    auto first = std::make_unique<Client>(server->port());
    first->send("GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(first->read("GET /1   "), HasSubstr("200 OK"));
    Client second(server->port());
    second.send(std::string("GET /2 HTTP/1.1\r\n") + kClose);
    first.reset();
    EXPECT_THAT(second.read(), HasSubstr("GET /2"));
  });
}

TEST_F(HttpServerTest, AStreamIsChunkedAndEnds) {
  listen();
  on_stream = [this] {
    stream->send("one");
    stream->send("two");
    stream->finish();
    stream->send("late");
  };
  const std::string answer = talk("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
  EXPECT_TRUE(stream->closed());
}

TEST_F(HttpServerTest, AnOldClientGetsAStreamWithoutChunks) {
  listen();
  on_stream = [this] {
    stream->send("one");
    stream->finish();
  };
  const std::string answer = talk("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_THAT(answer, ::testing::Not(HasSubstr("chunked")));
  EXPECT_THAT(answer, EndsWith("\r\n\r\none"));
}

TEST_F(HttpServerTest, AStreamKnowsThatItsReaderHasGone) {
  listen();
  with([this] {
    Client client(server->port());
    client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.read("\r\n\r\n");
  });
  loop.run_until([this] { return stream->closed(); });
  EXPECT_EQ(server->busy(), 0U);
}

TEST_F(HttpServerTest, AReaderThatDoesNotReadIsCutOff) {
  listen({.stream_queue = 100'000});
  with([this] {
    Client client(server->port());
    client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.read("\r\n\r\n");
    bool cut = false;
    // More than every buffer of the kernel between the two holds.
    for (int i = 0; i < 10'000 && !cut; ++i) {
      std::atomic<bool> sent = false;
      loop.post([&] {
        stream->send(std::string(50'000, 'x'));
        cut = stream->closed();
        sent = true;
      });
      while (!sent) std::this_thread::yield();
    }
    EXPECT_TRUE(cut);
  });
}

TEST_F(HttpServerTest, SaysWhenAStreamIsDrained) {
  listen();
  bool drained = false;
  on_stream = [&] {
    stream->send(std::string(500'000, 'x'));
    stream->when_drained([&] {
      drained = true;
      EXPECT_EQ(stream->queued(), 0U);
      stream->finish();
    });
    EXPECT_GT(stream->queued(), 0U);
  };
  EXPECT_GT(talk("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n").size(), 500'000U);
  EXPECT_TRUE(drained);
}

TEST_F(HttpServerTest, OnceItAcceptsNoMoreOpenConnectionsGoOn) {
  listen();
  with([this] {
    Client client(server->port());
    client.send("GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client.read("GET /1   "), HasSubstr("200 OK"));
    std::atomic<bool> stopped = false;
    loop.post([&] {
      server->stop_accepting();
      stopped = true;
    });
    while (!stopped) std::this_thread::yield();
    client.send(std::string("GET /2 HTTP/1.1\r\n") + kClose);
    EXPECT_THAT(client.read(), HasSubstr("GET /2"));
  });
}

TEST_F(HttpServerTest, AStreamBeginsAsItsHeadSays) {
  listen();
  stream_head = {.status = 402, .content_type = "text/plain"};
  on_stream = [this] {
    stream->send("no");
    stream->finish();
  };
  const std::string answer = talk(std::string("GET /stream HTTP/1.1\r\n") + kClose);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 402 Payment Required\r\nContent-Type: text/plain\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n2\r\nno\r\n0\r\n\r\n"));
}

TEST_F(HttpServerTest, TakesOverASocketThatListensAlready) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in any{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
  ASSERT_EQ(::listen(socket.get(), 8), 0);
  auto serving = HttpServer::serve(loop, std::move(socket), {}, [](const HttpExchange& exchange) {
    exchange.answer({.body = "taken over"});
  });
  ASSERT_TRUE(serving) << serving.error().message;
  server = std::move(*serving);
  EXPECT_THAT(talk(std::string("GET / HTTP/1.1\r\n") + kClose), EndsWith("taken over"));

  const auto none = HttpServer::serve(loop, Descriptor(), {}, [](const HttpExchange&) {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::internal);
}

TEST_F(HttpServerTest, AConnectionThatOutlivesItsServerIsClosedAtItsNextRequest) {
  listen();
  with([this] {
    Client client(server->port());
    client.send("GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client.read("GET /1   "), HasSubstr("GET /1"));
    std::promise<void> gone;
    loop.post([this, &gone] {
      server.reset();
      gone.set_value();
    });
    gone.get_future().wait();
    client.send("GET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.read(), "");
  });
}

TEST_F(HttpServerTest, SaysWhyItCannotListen) {
  listen();
  const auto handler = [](const HttpExchange&) {};
  const auto taken = HttpServer::listen(loop, {.port = server->port()}, handler);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::unavailable);
  EXPECT_THAT(taken.error().message, HasSubstr("--listen"));
  const auto nowhere = HttpServer::listen(loop, {.address = "here"}, handler);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::invalid);
}

TEST(UrlDecoded, LeavesWhatIsNoEscape) {
  EXPECT_EQ(url_decoded("a+b%2F%2f%"), "a b//%");
  EXPECT_EQ(url_decoded("%4"), "%4");
  EXPECT_EQ(url_decoded("%zz%00"), std::string("%zz\0", 4));
}

TEST(IsLoopback, IsTrueOfThisMachineOnly) {
  for (const char* address : {"127.0.0.1", "127.9.9.9", "::1"}) EXPECT_TRUE(is_loopback(address));
  for (const char* address : {"0.0.0.0", "::", "10.0.0.1", "localhost", "", "127.0.0.1.example"}) {
    EXPECT_FALSE(is_loopback(address)) << address;
  }
}

}  // namespace
}  // namespace pareto
