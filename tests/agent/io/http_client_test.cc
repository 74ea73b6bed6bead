#include "agent/io/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "agent/io/system_clock.h"
#include "tests/support/http_fake.h"

namespace pareto {
namespace {

using fakes::HttpFake;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using Request = HttpFake::Request;
using Reply = HttpFake::Reply;

// What one request came to.
struct Exchange {
  int status = 0;
  std::string content_type;
  std::string retry_after;
  std::string body;
  int pieces = 0;
  std::optional<Result<void>> result;

  bool succeeded() const { return result && result->has_value(); }
  ErrorCode code() const { return result->error().code; }
  std::string message() const { return result->error().message; }
};

HttpHandlers record(Exchange& exchange) {
  HttpHandlers handlers;
  handlers.on_response = [&exchange](const HttpHead& head) {
    exchange.status = head.status;
    exchange.content_type = head.header("content-type");
    exchange.retry_after = head.header("Retry-After");
  };
  handlers.on_data = [&exchange](std::string_view bytes) {
    exchange.body += bytes;
    ++exchange.pieces;
  };
  handlers.on_done = [&exchange](Result<void> result) { exchange.result = std::move(result); };
  return handlers;
}

std::vector<Segment> body_of(std::vector<std::string> parts) {
  std::vector<Segment> body;
  for (std::string& part : parts) {
    auto owner = std::make_shared<const std::string>(std::move(part));
    body.push_back({owner, *owner});
  }
  return body;
}

HttpRequest post(std::string url, std::vector<std::string> parts = {"{}"}) {
  return {.method = HttpMethod::post, .url = std::move(url), .body = body_of(std::move(parts))};
}

class HttpClientTest : public testing::Test {
 protected:
  // Runs one request to its end.
  Exchange fetch(HttpRequest request) {
    Exchange exchange;
    const auto operation = client_.send(std::move(request), record(exchange));
    EXPECT_FALSE(exchange.result) << "a handler was called from within send";
    loop_.run();
    return exchange;
  }

  Loop loop_;
  HttpClient client_{loop_};
};

TEST_F(HttpClientTest, GivesStatusHeadersAndBody) {
  HttpFake server([](const Request&) {
    Reply reply = HttpFake::text("slow down", 429);
    reply.headers.emplace_back("Retry-After", "3");
    return reply;
  });
  const Exchange exchange = fetch({.url = server.url("/x?y=1")});
  EXPECT_TRUE(exchange.succeeded());
  EXPECT_EQ(exchange.status, 429);
  EXPECT_EQ(exchange.content_type, "text/plain");
  EXPECT_EQ(exchange.retry_after, "3");
  EXPECT_EQ(exchange.body, "slow down");
  EXPECT_EQ(server.requests().at(0).method, "GET");
  EXPECT_EQ(server.requests().at(0).target, "/x?y=1");
}

TEST_F(HttpClientTest, SendsSegmentsInOrderWithTheCallersHeadersOnly) {
  HttpFake server([](const Request&) { return HttpFake::text("ok"); });
  HttpRequest request = post(server.url(), {"{\"a\":", "", "[1,2]", "}"});
  request.headers = *HttpHeaders::make({{"Authorization", "Bearer k"}, {"X-Empty", ""}});
  ASSERT_TRUE(fetch(std::move(request)).succeeded());
  const Request seen = server.requests().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.body, "{\"a\":[1,2]}");
  EXPECT_EQ(seen.headers.at("authorization"), "Bearer k");
  EXPECT_EQ(seen.headers.at("content-length"), "11");
  EXPECT_EQ(seen.headers.at("x-empty"), "");
  EXPECT_FALSE(seen.headers.contains("expect"));
  EXPECT_FALSE(seen.headers.contains("content-type"));
}

TEST_F(HttpClientTest, SendsLargeBodiesWholeAndWithoutAskingFirst) {
  HttpFake server([](const Request&) { return HttpFake::text("ok"); });
  const std::string a(700'001, 'a');
  const std::string b(900'002, 'b');
  ASSERT_TRUE(fetch(post(server.url(), {a, b, "c"})).succeeded());
  ASSERT_TRUE(fetch(post(server.url(), {a})).succeeded());
  ASSERT_TRUE(fetch(post(server.url(), {})).succeeded());
  EXPECT_EQ(server.requests().at(0).body, a + b + "c");
  EXPECT_FALSE(server.requests().at(0).headers.contains("expect"));
  EXPECT_EQ(server.requests().at(1).body, a);
  EXPECT_EQ(server.requests().at(2).body, "");
}

TEST_F(HttpClientTest, ASegmentMayBeTheStartOfAGrowingText) {
  HttpFake server([](const Request&) { return HttpFake::text("ok"); });
  const auto history = std::make_shared<std::string>("[1");
  for (int turn = 2; turn < 4; ++turn) {
    HttpRequest request{.method = HttpMethod::post, .url = server.url()};
    request.body = {{history, *history}, {nullptr, "]"}};
    ASSERT_TRUE(fetch(std::move(request)).succeeded());
    history->append("," + std::to_string(turn));
  }
  EXPECT_EQ(server.requests().at(0).body, "[1]");
  EXPECT_EQ(server.requests().at(1).body, "[1,2]");
}

TEST_F(HttpClientTest, OneHandleServesEveryMethodInTurn) {
  HttpFake server([](const Request& request) { return HttpFake::text(request.method); });
  std::vector<std::string> seen;
  for (const HttpMethod method : {HttpMethod::post, HttpMethod::get, HttpMethod::put,
                                  HttpMethod::remove, HttpMethod::post, HttpMethod::get}) {
    HttpRequest request{.method = method, .url = server.url(), .body = body_of({"x"})};
    seen.push_back(fetch(std::move(request)).body);
  }
  EXPECT_THAT(seen, testing::ElementsAre("POST", "GET", "PUT", "DELETE", "POST", "GET"));
  EXPECT_EQ(server.requests().at(2).body, "x");
  EXPECT_EQ(server.requests().at(5).body, "");
}

TEST_F(HttpClientTest, GivesChunksAsTheyCome) {
  HttpFake server([](const Request&) {
    Reply reply = HttpFake::events({"data: 1\n\n", "data: 2\n\n"});
    reply.pieces[1].after = Milliseconds(30);
    return reply;
  });
  const Exchange exchange = fetch(post(server.url()));
  EXPECT_EQ(exchange.body, "data: 1\n\ndata: 2\n\n");
  EXPECT_EQ(exchange.pieces, 2);
  EXPECT_EQ(exchange.content_type, "text/event-stream");
}

TEST_F(HttpClientTest, KeepsAConnectionForFurtherRequests) {
  HttpFake server([](const Request&) { return HttpFake::events({"data: 1\n\n"}); });
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(fetch(post(server.url())).succeeded());
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, AKeptConnectionThatTheServerClosedIsReplaced) {
  HttpFake server([](const Request&) {
    Reply reply = HttpFake::text("ok");
    reply.ending = HttpFake::Ending::close;
    return reply;
  });
  const std::string large(300'000, 'x');
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(fetch(post(server.url(), {large, "y"})).succeeded());
    EXPECT_EQ(server.requests().back().body, large + "y");
  }
  EXPECT_EQ(server.connections(), 5);
}

TEST_F(HttpClientTest, SaysThatNobodyListens) {
  const std::string url = "http://127.0.0.1:" + std::to_string(fakes::unused_port()) + "/v1";
  const Exchange exchange = fetch(post("http://me:secret@" + url.substr(7) + "?key=secret"));
  ASSERT_FALSE(exchange.succeeded());
  EXPECT_EQ(exchange.code(), ErrorCode::unavailable);
  EXPECT_THAT(exchange.message(),
              AllOf(HasSubstr("POST " + url + ":"), testing::EndsWith("port right?"),
                    Not(HasSubstr("secret"))));
}

TEST_F(HttpClientTest, AnUnknownHostIsUnavailable) {
  std::vector<Exchange> exchanges(5);
  std::vector<std::unique_ptr<Operation>> operations;
  for (Exchange& exchange : exchanges) {
    operations.push_back(client_.send({.url = "http://host.invalid/"}, record(exchange)));
  }
  loop_.run();
  for (const Exchange& exchange : exchanges) {
    ASSERT_FALSE(exchange.succeeded());
    EXPECT_EQ(exchange.code(), ErrorCode::unavailable);
    EXPECT_THAT(exchange.message(), HasSubstr("http://host.invalid/: the name of the host"));
  }
}

TEST_F(HttpClientTest, OnlyHttpUrlsAreTaken) {
  for (const char* url : {"file:///etc/passwd", "ftp://x/", "", "http://", "127.0.0.1:80/x",
                          "http://[::1/", "http:///x"}) {
    const Exchange exchange = fetch({.url = url});
    ASSERT_FALSE(exchange.succeeded()) << url;
    EXPECT_EQ(exchange.code(), ErrorCode::invalid) << url << ": " << exchange.message();
  }
}

TEST_F(HttpClientTest, ARedirectIsAResponseLikeAnyOther) {
  HttpFake server([](const Request&) {
    Reply reply = HttpFake::text("", 302);
    reply.headers.emplace_back("Location", "/elsewhere");
    return reply;
  });
  const Exchange exchange = fetch({.url = server.url()});
  EXPECT_TRUE(exchange.succeeded());
  EXPECT_EQ(exchange.status, 302);
  EXPECT_EQ(server.requests().size(), 1U);
}

class HttpBrokenBodyTest
    : public HttpClientTest,
      public testing::WithParamInterface<std::pair<HttpFake::Framing, HttpFake::Ending>> {};

TEST_P(HttpBrokenBodyTest, AnEndBeforeTheAnnouncedOneIsAnError) {
  HttpFake server([](const Request&) {
    Reply reply = HttpFake::text("half");
    std::tie(reply.framing, reply.ending) = GetParam();
    reply.pieces.push_back({"!", Milliseconds(5)});
    return reply;
  });
  const Exchange exchange = fetch(post(server.url()));
  ASSERT_FALSE(exchange.succeeded());
  EXPECT_EQ(exchange.status, 200);
  EXPECT_EQ(exchange.code(), ErrorCode::unavailable);
  EXPECT_THAT(exchange.message(), HasSubstr("the connection broke after"));
}

INSTANTIATE_TEST_SUITE_P(
    Cuts, HttpBrokenBodyTest,
    testing::Values(std::pair(HttpFake::Framing::length, HttpFake::Ending::cut),
                    std::pair(HttpFake::Framing::length, HttpFake::Ending::reset),
                    std::pair(HttpFake::Framing::chunked, HttpFake::Ending::cut),
                    std::pair(HttpFake::Framing::chunked, HttpFake::Ending::reset)));

TEST_F(HttpClientTest, WhatIsNotHttpIsAnError) {
  for (const char* bytes : {"220 mail ready\r\n",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
                            "\r\n\r\nzz\r\n",
                            ""}) {
    HttpFake server([bytes](const Request&) {
      Reply reply;
      reply.framing = HttpFake::Framing::raw;
      reply.ending = HttpFake::Ending::close;
      reply.pieces = {{bytes}};
      return reply;
    });
    EXPECT_FALSE(fetch(post(server.url())).succeeded()) << bytes;
  }
}

TEST_F(HttpClientTest, BoundsTheHead) {
  HttpFake server([](const Request&) {
    Reply reply = HttpFake::text("ok");
    for (int i = 0; i < 100; ++i) reply.headers.emplace_back("X-Long", std::string(1000, 'x'));
    return reply;
  });
  const Exchange exchange = fetch(post(server.url()));
  ASSERT_FALSE(exchange.succeeded());
  EXPECT_EQ(exchange.code(), ErrorCode::protocol);
  EXPECT_EQ(exchange.status, 0);
}

TEST_F(HttpClientTest, BoundsTheBody) {
  HttpFake server([](const Request&) { return HttpFake::text(std::string(5000, 'x')); });
  HttpRequest request = post(server.url());
  request.response_limit = 4999;
  const Exchange over = fetch(request);
  ASSERT_FALSE(over.succeeded());
  EXPECT_EQ(over.code(), ErrorCode::limit);
  EXPECT_THAT(over.message(), HasSubstr("larger than the 4999 bytes"));
  request.response_limit = 5000;
  EXPECT_TRUE(fetch(std::move(request)).succeeded());
}

Reply hanging(std::vector<HttpFake::Piece> pieces) {
  Reply reply = HttpFake::events({});
  reply.pieces = std::move(pieces);
  reply.ending = HttpFake::Ending::hang;
  return reply;
}

TEST_F(HttpClientTest, EndsAtTheDeadline) {
  HttpFake server([](const Request&) { return hanging({{"data: 1\n\n"}}); });
  HttpRequest request = post(server.url());
  request.deadline = Deadline::in(Milliseconds(60), SystemClock().now());
  const Exchange exchange = fetch(std::move(request));
  ASSERT_FALSE(exchange.succeeded());
  EXPECT_EQ(exchange.code(), ErrorCode::timeout);
  EXPECT_THAT(exchange.message(), HasSubstr("the deadline passed (9 bytes had come)"));
  EXPECT_TRUE(server.wait_for_hangups(1));
}

TEST_F(HttpClientTest, ADeadlineThatHasPassedSendsNothing) {
  HttpFake server([](const Request&) { return HttpFake::text("ok"); });
  HttpRequest request = post(server.url());
  request.deadline = Deadline{SystemClock().now()};
  const Exchange exchange = fetch(std::move(request));
  ASSERT_FALSE(exchange.succeeded());
  EXPECT_EQ(exchange.code(), ErrorCode::timeout);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpClientTest, EndsWhenNothingMovesButNotWhileSomethingDoes) {
  HttpFake server([](const Request&) {
    std::vector<HttpFake::Piece> pieces(6, {": x\n", Milliseconds(30)});
    return hanging(std::move(pieces));
  });
  HttpRequest request = post(server.url());
  request.stall = Milliseconds(90);
  const Exchange exchange = fetch(std::move(request));
  ASSERT_FALSE(exchange.succeeded());
  EXPECT_EQ(exchange.code(), ErrorCode::timeout);
  EXPECT_THAT(exchange.message(), HasSubstr("not a byte came for 90 ms (24 bytes before that)"));
  EXPECT_TRUE(server.wait_for_hangups(1));
}

TEST_F(HttpClientTest, DestroyingTheOperationClosesTheConnection) {
  HttpFake server([](const Request&) { return hanging({{"data: 1\n\n"}}); });
  Exchange exchange;
  auto operation = client_.send(post(server.url()), record(exchange));
  ASSERT_TRUE(loop_.run_until([&] { return exchange.pieces > 0; }));
  operation.reset();
  EXPECT_TRUE(server.wait_for_hangups(1));
  loop_.run();  // nothing is left to do
  EXPECT_FALSE(exchange.result);
}

TEST_F(HttpClientTest, DestroyingTheOperationAtOnceSendsNothing) {
  HttpFake server([](const Request&) { return HttpFake::text("ok"); });
  Exchange exchange;
  client_.send(post(server.url()), record(exchange)).reset();
  loop_.run();
  EXPECT_FALSE(exchange.result);
  EXPECT_EQ(server.requests().size(), 0U);
}

TEST_F(HttpClientTest, EveryHandlerMayDestroyItsOperation) {
  HttpFake server([](const Request&) { return hanging({{"data: 1\n\n"}}); });
  for (int at = 0; at < 2; ++at) {
    std::unique_ptr<Operation> operation;
    const auto held = std::make_shared<int>(at);
    int calls = 0;
    const auto drop = [&operation, &calls, held](auto&&) {
      operation.reset();
      calls += 1 + 0 * *held;  // the captures are still alive
    };
    HttpHandlers handlers;
    if (at == 0) handlers.on_response = drop;
    handlers.on_data = drop;
    handlers.on_done = drop;
    operation = client_.send(post(server.url()), std::move(handlers));
    loop_.run();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(held.use_count(), 2) << "only the local closure is left";
    EXPECT_TRUE(server.wait_for_hangups(at + 1));
  }
}

TEST_F(HttpClientTest, HandlersMaySendAndDestroyOthers) {
  HttpFake server([](const Request& request) {
    return request.target == "/hang" ? hanging({{"x"}}) : HttpFake::text(request.target);
  });
  Exchange second;
  Exchange hung;
  std::unique_ptr<Operation> next;
  std::unique_ptr<Operation> other = client_.send({.url = server.url("/hang")}, record(hung));
  ASSERT_TRUE(loop_.run_until([&] { return hung.pieces > 0; }));
  HttpHandlers handlers;
  handlers.on_data = [&](std::string_view) {
    other.reset();
    next = client_.send({.url = server.url("/second")}, record(second));
    EXPECT_FALSE(second.result);
  };
  const auto first = client_.send({.url = server.url("/first")}, std::move(handlers));
  loop_.run();
  EXPECT_EQ(second.body, "/second");
  EXPECT_FALSE(hung.result);
  EXPECT_TRUE(server.wait_for_hangups(1));
}

TEST_F(HttpClientTest, ManyRequestsAtOnceAllSucceed) {
  HttpFake server([](const Request& request) {
    Reply reply = HttpFake::events({"data: a\n\n", request.body});
    reply.pieces[1].after = Milliseconds(20);
    return reply;
  });
  std::vector<Exchange> exchanges(200);
  std::vector<std::unique_ptr<Operation>> operations;
  for (std::size_t i = 0; i < exchanges.size(); ++i) {
    HttpRequest request = post(server.url(), {"body ", std::to_string(i)});
    request.affinity = i;
    operations.push_back(client_.send(std::move(request), record(exchanges[i])));
  }
  loop_.run();
  for (std::size_t i = 0; i < exchanges.size(); ++i) {
    ASSERT_TRUE(exchanges[i].succeeded()) << exchanges[i].message();
    EXPECT_EQ(exchanges[i].body, "data: a\n\nbody " + std::to_string(i));
  }
}

TEST_F(HttpClientTest, CancellingAnyOfManyLeavesTheOthersAlone) {
  HttpFake server([](const Request&) {
    Reply reply = HttpFake::events({"a", "b"});
    reply.pieces[1].after = Milliseconds(10);
    return reply;
  });
  std::vector<Exchange> exchanges(60);
  std::vector<std::unique_ptr<Operation>> operations;
  for (Exchange& exchange : exchanges) {
    operations.push_back(client_.send(post(server.url()), record(exchange)));
  }
  // Cancel from the loop at different stages: unsent, connecting, answered in part.
  int turn = 0;
  for (std::size_t i = 0; i < operations.size(); i += 2) {
    loop_.run_until([&turn] { return ++turn % 5 == 0; });
    operations[i].reset();
  }
  std::vector<bool> ended_early;
  for (const Exchange& exchange : exchanges) ended_early.push_back(exchange.result.has_value());
  loop_.run();
  for (std::size_t i = 0; i < exchanges.size(); ++i) {
    if (i % 2 == 1) {
      EXPECT_TRUE(exchanges[i].succeeded());
    } else {
      EXPECT_EQ(exchanges[i].result.has_value(), ended_early[i]) << "called after destruction";
    }
  }
}

TEST_F(HttpClientTest, AffinityChoosesTheConnection) {
  HttpFake server([](const Request&) { return HttpFake::text("ok"); });
  for (int i = 0; i < 8; ++i) {
    HttpRequest request = post(server.url());
    request.affinity = static_cast<std::uint64_t>(i % 2);
    ASSERT_TRUE(fetch(std::move(request)).succeeded());
  }
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, SeveralClientsShareALoop) {
  HttpFake server([](const Request&) { return HttpFake::text("ok"); });
  HttpClient other(loop_);
  Exchange a;
  Exchange b;
  const auto first = client_.send(post(server.url()), record(a));
  const auto second = other.send(post(server.url()), record(b));
  loop_.run();
  EXPECT_TRUE(a.succeeded());
  EXPECT_TRUE(b.succeeded());
}

TEST_F(HttpClientTest, AClientMayBeDestroyedWithRequestsUnderWay) {
  HttpFake server([](const Request&) { return hanging({{"x"}}); });
  Exchange exchange;
  std::unique_ptr<Operation> operation;
  {
    HttpClient other(loop_);
    operation = other.send(post(server.url()), record(exchange));
    loop_.run_until([&] { return exchange.pieces > 0; });
  }
  EXPECT_TRUE(server.wait_for_hangups(1));
  loop_.run();
  EXPECT_FALSE(exchange.result);
}

TEST(HttpReachTest, PublicOnlyRefusesLoopback) {
  HttpFake server([](const Request&) { return HttpFake::text("ok"); });
  Loop loop;
  HttpClient client(loop, {.reach = HttpReach::public_only});
  for (const std::string host : {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"}) {
    Exchange exchange;
    const std::string url = "http://" + host + ":" + std::to_string(server.port()) + "/";
    const auto operation = client.send({.url = url}, record(exchange));
    loop.run();
    ASSERT_FALSE(exchange.succeeded()) << url;
    EXPECT_EQ(exchange.code(), ErrorCode::denied) << exchange.message();
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpProxyTest, LoopbackIsReachedWithoutTheProxyOfTheEnvironment) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  HttpFake server([](const Request&) { return HttpFake::text("ok"); });
  Loop loop;
  HttpClient client(loop);
  Exchange near;
  Exchange far;
  const auto first = client.send({.url = server.url()}, record(near));
  const auto second = client.send({.url = "http://192.0.2.1/"}, record(far));
  loop.run();
  unsetenv("http_proxy");
  EXPECT_TRUE(near.succeeded());
  ASSERT_FALSE(far.succeeded());
  EXPECT_EQ(far.code(), ErrorCode::unavailable) << "it asked the proxy, which is not there";
}

TEST(HttpHeadersTest, RefusesWhatBreaksOutOfALine) {
  for (const HttpHeaders::List& headers :
       {HttpHeaders::List{{"X-A", "b\r\nX-Evil: 1"}}, HttpHeaders::List{{"X A", "b"}},
        HttpHeaders::List{{"", "b"}}, HttpHeaders::List{{"X-A:", "b"}},
        HttpHeaders::List{{"X-A", std::string("b\0c", 3)}}}) {
    const auto made = HttpHeaders::make(headers);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::invalid);
    EXPECT_THAT(made.error().message, Not(HasSubstr("Evil")));
  }
}

}  // namespace
}  // namespace pareto
