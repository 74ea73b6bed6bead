#pragma once

#include <optional>

namespace pareto::offline {

struct Interval {
  double low = 0;
  double high = 0;  // infinity where nothing bounds it

  bool contains(double value) const { return low <= value && value <= high; }
  friend bool operator==(const Interval&, const Interval&) = default;
};

// A figure with what is known of its error; no interval when the data don't give one.
struct Estimated {
  double value = 0;
  std::optional<Interval> interval;

  friend bool operator==(const Estimated&, const Estimated&) = default;
};

}  // namespace pareto::offline
