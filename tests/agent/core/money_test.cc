#include "agent/core/money.h"

#include <gtest/gtest.h>

#include <string>

#include "agent/core/random.h"

namespace pareto {
namespace {

TEST(MoneyTest, ReadsDecimalStringsExactly) {
  EXPECT_EQ(Money::parse("0.05")->to_nanos(), 50'000'000);
  EXPECT_EQ(Money::parse("12")->to_nanos(), 12'000'000'000);
  EXPECT_EQ(Money::parse("-1.5")->to_nanos(), -1'500'000'000);
  EXPECT_EQ(Money::parse("0.000000001")->to_nanos(), 1);
  // 0.1 + 0.2 in a double is not 0.3.
  EXPECT_EQ(*Money::parse("0.1") + *Money::parse("0.2"), *Money::parse("0.3"));
}

TEST(MoneyTest, RefusesWhatIsNotAnExactAmount) {
  for (const char* text :
       {"", ".", "1.", ".5", "-", "+1", "1e3", "0x10", "1,5", " 1", "1 ", "0.0000000001", "nan",
        "9223372037", "99999999999999999999", "1.2.3", "--1"}) {
    const auto money = Money::parse(text);
    ASSERT_FALSE(money) << text;
    EXPECT_EQ(money.error().code, ErrorCode::invalid) << text;
  }
}

TEST(MoneyTest, WritesWhatItReads) {
  SeededRandom random(7);
  for (int i = 0; i < 2'000; ++i) {
    const Money money = Money::nanos(static_cast<std::int64_t>(random.next()) >> (i % 60));
    const auto again = Money::parse(money.to_string());
    ASSERT_TRUE(again) << money.to_string();
    EXPECT_EQ(*again, money);
  }
  EXPECT_EQ(Money::nanos(866'212).to_string(), "0.000866212");
  EXPECT_EQ(Money::nanos(INT64_MIN).to_string(), "-9223372036.854775808");
}

TEST(MoneyTest, SaturatesInsteadOfWrapping) {
  EXPECT_EQ(Money::max() + Money::nanos(1), Money::max());
  EXPECT_EQ(Money::nanos(INT64_MIN) - Money::nanos(1), Money::nanos(INT64_MIN));
  EXPECT_EQ(Money() - Money::nanos(INT64_MIN), Money::max());
}

TEST(CostTest, ChargesEachKindOfTokenAtItsPriceAndRoundsUp) {
  const Price price{.input = *Money::parse("1.25"),
                    .cached_input = *Money::parse("0.125"),
                    .cache_write = *Money::parse("1.5"),
                    .output = *Money::parse("10")};
  // 700 fresh, 200 cached, 100 written, 50 out: 875 + 25 + 150 + 500 micro-dollars.
  EXPECT_EQ(cost_of({.prompt_tokens = 1'000,
                     .cached_prompt_tokens = 200,
                     .cache_write_tokens = 100,
                     .completion_tokens = 50,
                     .reasoning_tokens = 40},
                    price),
            Money::nanos(1'550'000));
  const Price odd{.input = Money::nanos(1)};
  EXPECT_EQ(cost_of({.prompt_tokens = 1}, odd), Money::nanos(1));
  EXPECT_EQ(cost_of({}, odd), Money());
}

TEST(CostTest, IsNeverNegativeAndSaturates) {
  const Price dear{.input = Money::max(), .output = Money::max()};
  EXPECT_EQ(cost_of({.prompt_tokens = INT64_MAX, .completion_tokens = INT64_MAX}, dear),
            Money::max());
  // More cached than sent is a lie of the provider; the rest is not negative.
  EXPECT_EQ(cost_of({.prompt_tokens = 10, .cached_prompt_tokens = 20},
                    {.input = *Money::parse("1"), .cached_input = Money()}),
            Money());
  EXPECT_EQ(cost_of({.prompt_tokens = -10, .completion_tokens = -5},
                    {.input = *Money::parse("1"), .output = *Money::parse("1")}),
            Money());
}

}  // namespace
}  // namespace pareto
