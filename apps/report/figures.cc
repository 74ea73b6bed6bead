#include "apps/report/figures.h"

#include <fmt/format.h>

#include <cmath>

#include "tools/output.h"

namespace pareto::reporting {

std::string plain(std::string_view text) {
  std::string result;
  const std::string valid = to_valid_utf8(text);
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto byte = static_cast<unsigned char>(valid[i]);
    // U+0080 to U+009F: some terminals take them for escape sequences.
    if (byte == 0xC2 && i + 1 < valid.size() && static_cast<unsigned char>(valid[i + 1]) < 0xA0) {
      ++i;
      result += ' ';
      continue;
    }
    result += byte < 0x20 || byte == 0x7F ? ' ' : valid[i];
  }
  return result;
}

std::string counted(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string usd(double value) {
  if (!std::isfinite(value)) return "none";
  return std::abs(value) >= 1 ? fmt::format("{:.2f}", value) : fmt::format("{:.6f}", value);
}

std::string usd(const std::optional<double>& value) { return value ? usd(*value) : "?"; }

std::string usd_interval(const std::optional<offline::Interval>& interval) {
  if (!interval || !std::isfinite(interval->low)) return "";
  const auto end = [](double value) { return std::isfinite(value) ? usd(value) : "inf"; };
  return fmt::format("[{}, {}]", interval->low <= 0 ? "0" : usd(interval->low),
                     end(interval->high));
}

std::string percent(double share) { return fmt::format("{:.0f} %", 100 * share); }

std::string percent_interval(const offline::Interval& interval) {
  return fmt::format("[{:.0f}, {:.0f}]", 100 * interval.low, 100 * interval.high);
}

std::string points(double difference) { return fmt::format("{:+.1f}", 100 * difference); }

std::string points_interval(const std::optional<offline::Interval>& interval) {
  if (!interval) return "";
  return fmt::format("[{}, {}]", points(interval->low), points(interval->high));
}

std::string change(double relative) {
  return std::isfinite(relative) ? fmt::format("{:+.0f} %", 100 * relative) : "inf";
}

std::string change_interval(const std::optional<offline::Interval>& interval) {
  if (!interval) return "";
  return fmt::format("[{}, {}]", change(interval->low), change(interval->high));
}

std::string times(double ratio) {
  return std::isfinite(ratio) ? fmt::format("x {:.2f}", ratio) : "none";
}

std::string times_interval(const std::optional<offline::Interval>& interval) {
  if (!interval || !std::isfinite(interval->low)) return "";
  const auto end = [](double value) {
    return std::isfinite(value) ? fmt::format("{:.2f}", value) : "inf";
  };
  return fmt::format("[{}, {}]", end(interval->low), end(interval->high));
}

std::string p_value(double p) { return p < 0.001 ? "<0.001" : fmt::format("{:.3f}", p); }

}  // namespace pareto::reporting
