#pragma once

#include <cstddef>
#include <string>

#include "apps/bench/bench.h"

namespace pareto {

// "4 min", "2 h 10 min", "30 s"
std::string span_text(double seconds);

// The line of a run that has ended:
//    3/12 gcd                  auto       instant    success  score 1       1 turns     9.8 s ...
std::string row_line(const BenchProgress& progress);

// The table that a terminal shows below those lines while a bench runs, one line an arm and one of
// all together. `seconds_left` below zero: unknown. Lines are cut to `columns`, as one that wraps
// could not be drawn over; with more arms than `lines` bear, only the last line is given.
std::string live_table(const BenchProgress& progress, double seconds_left, std::size_t columns,
                       std::size_t lines);

// How long the rest takes at the pace so far; negative before the first row. Rows that were there
// before say nothing.
class Pace {
 public:
  void row_written() { ++rows_; }
  double seconds_left(double elapsed, std::size_t cells_left) const {
    return rows_ == 0 ? -1 : elapsed / static_cast<double>(rows_) * static_cast<double>(cells_left);
  }

 private:
  std::size_t rows_ = 0;
};

}  // namespace pareto
