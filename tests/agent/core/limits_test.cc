#include "agent/core/limits.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"

namespace pareto {
namespace {

Limits read(const std::string& text) {
  auto limits = limits_from_json(*parse_json(text));
  EXPECT_TRUE(limits) << limits.error().message;
  return limits.value_or(Limits{});
}

TEST(LimitsTest, TakesTheSmallerOfEach) {
  const Limits a{.usd = Money::nanos(5), .turns = 10};
  const Limits b{.usd = Money::nanos(7), .turns = 3, .seconds = Milliseconds(100)};
  const Limits least{.usd = Money::nanos(5), .turns = 3, .seconds = Milliseconds(100)};
  EXPECT_EQ(tightest(a, b), least);
  EXPECT_EQ(tightest(b, a), least);
  EXPECT_EQ(tightest(a, {}), a);
}

TEST(LimitsTest, ZeroIsALimit) {
  EXPECT_EQ(read(R"({"usd":"0","turns":0,"seconds":0})"), (Limits{Money(), 0, Milliseconds(0)}));
  EXPECT_EQ(read("{}"), Limits());
}

TEST(LimitsTest, KeepsMilliseconds) {
  for (const std::int64_t ms : {1, 3, 1'009, 10'001, 33'333, 86'399'999}) {
    const Limits limits{.seconds = Milliseconds(ms)};
    EXPECT_EQ(*limits_from_json(to_json(limits)), limits);
  }
}

TEST(LimitsTest, RefusesWhatIsNoLimit) {
  for (const char* text :
       {R"({"usd":0.05})", R"({"usd":"-1"})", R"({"turns":-1})", R"({"turns":1.5})",
        R"({"turns":"3"})", R"({"seconds":-1})", R"({"seconds":1e300})", R"({"dollars":"1"})",
        R"([])", R"({"turns":4294967296})"}) {
    const auto limits = limits_from_json(*parse_json(text));
    ASSERT_FALSE(limits) << text;
    EXPECT_EQ(limits.error().code, ErrorCode::invalid);
  }
}

}  // namespace
}  // namespace pareto
