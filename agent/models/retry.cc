#include "agent/models/retry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace pareto {
namespace {

constexpr Milliseconds kLongestWait = std::chrono::hours(24);

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<int> month_number(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::ranges::find(kMonths, name);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<int>(found - kMonths.begin()) + 1;
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that servers send.
std::optional<Instant> parse_http_date(std::string_view text) {
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto day = number(text.substr(5, 2));
  const auto month = month_number(text.substr(8, 3));
  const auto year = number(text.substr(12, 4));
  const auto hour = number(text.substr(17, 2));
  const auto minute = number(text.substr(20, 2));
  const auto second = number(text.substr(23, 2));
  if (!day || !month || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return Instant(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

}  // namespace

bool retryable_status(int status) { return status == 408 || status == 429 || status >= 500; }

std::optional<Milliseconds> retry_delay(const RetryOptions& options, int attempt,
                                        std::optional<Milliseconds> retry_after, Deadline deadline,
                                        Instant now, Random& random) {
  if (attempt >= options.attempts) return std::nullopt;
  const double growth = std::ldexp(static_cast<double>(options.base.count()), attempt - 1);
  const double most = std::min(growth, static_cast<double>(options.cap.count()));
  Milliseconds wait(static_cast<std::int64_t>(uniform(random) * most));
  // The server's wish is a lower bound; the jitter on top spreads those who were told the same.
  if (retry_after) wait += *retry_after;
  if (wait >= deadline.left(now)) return std::nullopt;
  return wait;
}

std::optional<Milliseconds> parse_retry_after(std::string_view value, Instant now) {
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  if (const auto seconds = number(value)) {
    return std::min<Milliseconds>(std::chrono::seconds(*seconds), kLongestWait);
  }
  const auto date = parse_http_date(value);
  if (!date) return std::nullopt;
  return std::clamp<Milliseconds>(*date - now, Milliseconds(0), kLongestWait);
}

}  // namespace pareto
