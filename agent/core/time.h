#pragma once

#include <chrono>
#include <cstdint>

namespace pareto {

using Milliseconds = std::chrono::milliseconds;

// Wall-clock time in milliseconds since the Unix epoch. Time reaches the core only as the stamp of
// an event or as an argument.
using Instant = std::chrono::sys_time<Milliseconds>;

inline Instant instant_from_ms(std::int64_t ms) { return Instant(Milliseconds(ms)); }
inline std::int64_t to_ms(Instant instant) { return instant.time_since_epoch().count(); }

// A point in time by which work must end; passed down by value, never as a bare timeout.
struct Deadline {
  Instant at = Instant::max();

  static Deadline never() { return {}; }
  static Deadline in(Milliseconds span, Instant now) { return {now + span}; }
  bool passed(Instant now) const { return now >= at; }
  // Time left, not below zero; at most a day for `never`, so that it fits every timer.
  Milliseconds left(Instant now) const {
    constexpr Milliseconds kDay = std::chrono::hours(24);
    if (at == Instant::max()) return kDay;
    return at <= now ? Milliseconds(0) : std::min<Milliseconds>(at - now, kDay);
  }
  Deadline sooner(Deadline other) const { return {std::min(at, other.at)}; }

  friend bool operator==(const Deadline&, const Deadline&) = default;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

}  // namespace pareto
