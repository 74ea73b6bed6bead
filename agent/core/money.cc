#include "agent/core/money.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

namespace pareto {
namespace {

constexpr std::int64_t kNanosPerDollar = 1'000'000'000;
constexpr int kDecimals = 9;

std::unexpected<Error> not_money(std::string_view text) {
  return fail(ErrorCode::invalid,
              fmt::format("expected an amount in US dollars as a decimal string with at most nine "
                          "decimals, such as \"0.05\"; found \"{}\"",
                          text));
}

}  // namespace

Result<Money> Money::parse(std::string_view usd) {
  std::string_view rest = usd;
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  const std::size_t dot = rest.find('.');
  const std::string_view whole = rest.substr(0, dot);
  const std::string_view part =
      dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  const auto digits = [](std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
  };
  if (whole.empty() || !digits(whole) || !digits(part) || part.size() > kDecimals ||
      (dot != std::string_view::npos && part.empty())) {
    return not_money(usd);
  }
  std::int64_t value = 0;
  const auto push = [&value](char digit) {
    return !__builtin_mul_overflow(value, 10, &value) &&
           !__builtin_add_overflow(value, digit - '0', &value);
  };
  for (const char digit : whole) {
    if (!push(digit)) return not_money(usd);
  }
  for (int i = 0; i < kDecimals; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (!push(at < part.size() ? part[at] : '0')) return not_money(usd);
  }
  return Money(negative ? -value : value);
}

std::string Money::to_string() const {
  // The magnitude as unsigned, since the most negative value has no positive twin.
  const auto magnitude =
      nanos_ < 0 ? -static_cast<std::uint64_t>(nanos_) : static_cast<std::uint64_t>(nanos_);
  return fmt::format("{}{}.{:09}", nanos_ < 0 ? "-" : "", magnitude / kNanosPerDollar,
                     magnitude % kNanosPerDollar);
}

Usage& Usage::operator+=(const Usage& other) {
  prompt_tokens += other.prompt_tokens;
  cached_prompt_tokens += other.cached_prompt_tokens;
  cache_write_tokens += other.cache_write_tokens;
  completion_tokens += other.completion_tokens;
  reasoning_tokens += other.reasoning_tokens;
  return *this;
}

Json to_json(const Price& price) {
  return {{"input", price.input.to_string()},
          {"cached_input", price.cached_input.to_string()},
          {"cache_write", price.cache_write.to_string()},
          {"output", price.output.to_string()}};
}

Money cost_of(const Usage& usage, const Price& price) {
  __extension__ using Wide = __int128;
  constexpr Wide kMillion = 1'000'000;
  const auto count = [](std::int64_t tokens) { return Wide{std::max<std::int64_t>(0, tokens)}; };
  const Wide cached = count(usage.cached_prompt_tokens);
  const Wide written = count(usage.cache_write_tokens);
  const Wide fresh = std::max(Wide{0}, count(usage.prompt_tokens) - cached - written);
  const Wide sum = fresh * price.input.to_nanos() + cached * price.cached_input.to_nanos() +
                   written * price.cache_write.to_nanos() +
                   count(usage.completion_tokens) * price.output.to_nanos();
  const Wide nanos = (sum + kMillion - 1) / kMillion;
  return Money::nanos(nanos > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(nanos));
}

}  // namespace pareto
