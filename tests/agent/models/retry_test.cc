#include "agent/models/retry.h"

#include <gtest/gtest.h>

#include "agent/models/provider_error.h"

namespace pareto {
namespace {

const Instant kNow = instant_from_ms(784'111'777'000);  // Sun, 06 Nov 1994 08:49:37 GMT

// Every bit of its numbers is the same.
class Always final : public Random {
 public:
  explicit Always(std::uint64_t value) : value_(value) {}
  std::uint64_t next() override { return value_; }

 private:
  std::uint64_t value_;
};

TEST(RetryTest, WaitsAreDrawnFromADoublingRangeWithACap) {
  const RetryOptions options{
      .attempts = 20, .base = Milliseconds(500), .cap = Milliseconds(30'000)};
  Always most(UINT64_MAX);
  Always least(0);
  const auto wait = [&](int attempt, Random& random) {
    return retry_delay(options, attempt, {}, Deadline::never(), kNow, random)->count();
  };
  EXPECT_EQ(wait(1, least), 0);
  EXPECT_EQ(wait(1, most), 499);
  EXPECT_EQ(wait(2, most), 999);
  EXPECT_EQ(wait(6, most), 15'999);
  EXPECT_EQ(wait(7, most), 29'999);
  EXPECT_EQ(wait(19, most), 29'999);
  EXPECT_EQ(wait(19, least), 0);
}

TEST(RetryTest, EndsWithTheLastAttempt) {
  Always random(0);
  const RetryOptions options{.attempts = 3};
  EXPECT_TRUE(retry_delay(options, 2, {}, Deadline::never(), kNow, random));
  EXPECT_FALSE(retry_delay(options, 3, {}, Deadline::never(), kNow, random));
}

TEST(RetryTest, HonoursTheServersWishUpToTheDeadline) {
  Always random(0);
  const auto wait = [&](int seconds, int left) {
    return retry_delay({}, 1, std::chrono::seconds(seconds),
                       Deadline::in(std::chrono::seconds(left), kNow), kNow, random);
  };
  EXPECT_EQ(wait(7, 60), Milliseconds(7'000));
  EXPECT_EQ(wait(60, 60), std::nullopt);
  EXPECT_EQ(wait(0, 0), std::nullopt);
}

TEST(RetryTest, ReadsRetryAfter) {
  EXPECT_EQ(parse_retry_after("120", kNow), Milliseconds(120'000));
  EXPECT_EQ(parse_retry_after(" 0 ", kNow), Milliseconds(0));
  EXPECT_EQ(parse_retry_after("2000000000", kNow), std::chrono::hours(24));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:00 GMT", kNow), Milliseconds(23'000));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:00 GMT", kNow), Milliseconds(0));
  for (const char* bad :
       {"", "soon", "-5", "1.5", "99999999999999999999", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET"}) {
    EXPECT_EQ(parse_retry_after(bad, kNow), std::nullopt) << bad;
  }
}

TEST(ProviderErrorTest, ReadsTheUsualShapes) {
  const auto message = [](std::string_view body) { return parse_error_body(400, body).message; };
  EXPECT_EQ(message(R"({"error":{"message":"a","type":"t","code":null}})"), "a");
  EXPECT_EQ(message(R"({"error":"b"})"), "b");
  EXPECT_EQ(message(R"({"object":"error","message":"c","code":400})"), "c");
  EXPECT_EQ(message(R"({"detail":"d"})"), "d");
  EXPECT_EQ(message("<html>\n"), "<html> ");
  EXPECT_EQ(message(""), "no text");
  EXPECT_EQ(message(std::string(1'000, 'x')), std::string(200, 'x') + "...");
  EXPECT_EQ(parse_error_body(502, R"({"error":{"code":404,"message":"x"}})").status, 502);
}

TEST(ProviderErrorTest, MapsCodes) {
  const auto code = [](int status, std::string type) {
    return error_code_of({.status = status, .type = std::move(type)});
  };
  EXPECT_EQ(code(401, ""), ErrorCode::denied);
  EXPECT_EQ(code(403, ""), ErrorCode::denied);
  EXPECT_EQ(code(404, ""), ErrorCode::not_found);
  EXPECT_EQ(code(408, ""), ErrorCode::unavailable);
  EXPECT_EQ(code(429, ""), ErrorCode::unavailable);
  EXPECT_EQ(code(429, "insufficient_quota"), ErrorCode::limit);
  EXPECT_EQ(code(400, "context_length_exceeded"), ErrorCode::limit);
  EXPECT_EQ(code(400, "invalid_request_error"), ErrorCode::invalid);
  EXPECT_EQ(code(503, ""), ErrorCode::unavailable);
  EXPECT_EQ(code(302, ""), ErrorCode::protocol);
  EXPECT_EQ(code(0, "authentication_error"), ErrorCode::denied);
  EXPECT_EQ(code(0, "invalid_request_error"), ErrorCode::invalid);
  EXPECT_EQ(code(0, "overloaded_error"), ErrorCode::unavailable);
}

}  // namespace
}  // namespace pareto
