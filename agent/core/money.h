#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/json.h"
#include "agent/core/result.h"

namespace pareto {

// An amount of US dollars as an integer number of nano-dollars. Never passes through a double.
// Sums saturate at the ends of the range (±9.2 billion USD) instead of wrapping.
class Money {
 public:
  constexpr Money() = default;
  static constexpr Money nanos(std::int64_t value) { return Money(value); }
  static constexpr Money max() { return Money(INT64_MAX); }

  // Reads a decimal string such as "0.05", "12" or "-1.5". More than nine decimals, exponents and
  // anything beyond the range are errors.
  static Result<Money> parse(std::string_view usd);

  // Nine decimals, as in "0.000866212".
  std::string to_string() const;

  constexpr std::int64_t to_nanos() const { return nanos_; }

  friend constexpr auto operator<=>(Money, Money) = default;
  friend constexpr Money operator+(Money a, Money b) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a.nanos_, b.nanos_, &sum)) {
      sum = a.nanos_ > 0 ? INT64_MAX : INT64_MIN;
    }
    return Money(sum);
  }
  friend constexpr Money operator-(Money a, Money b) {
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(a.nanos_, b.nanos_, &difference)) {
      difference = b.nanos_ < 0 ? INT64_MAX : INT64_MIN;
    }
    return Money(difference);
  }
  constexpr Money& operator+=(Money other) { return *this = *this + other; }
  constexpr Money& operator-=(Money other) { return *this = *this - other; }

 private:
  explicit constexpr Money(std::int64_t value) : nanos_(value) {}
  std::int64_t nanos_ = 0;
};

// Tokens of one call or of many. `prompt_tokens` includes the cached ones and `completion_tokens`
// includes the reasoning ones, whatever the provider's own convention.
struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_prompt_tokens = 0;
  std::int64_t cache_write_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t reasoning_tokens = 0;

  Usage& operator+=(const Usage& other);
  friend bool operator==(const Usage&, const Usage&) = default;
};

// USD per million tokens.
struct Price {
  Money input;
  Money cached_input;
  Money cache_write;
  Money output;

  friend bool operator==(const Price&, const Price&) = default;
};

// USD per million tokens, as decimal strings.
Json to_json(const Price& price);

// What a usage costs, rounded up to the next nano-dollar; counts below zero are zero. A missing
// price is unknown, never zero.
Money cost_of(const Usage& usage, const Price& price);

}  // namespace pareto
