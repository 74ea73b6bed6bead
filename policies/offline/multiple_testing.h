#pragma once

#include <span>
#include <vector>

namespace pareto::offline {

// Holm 1979, "A simple sequentially rejective multiple test procedure" (Scand. J. Statist. 6): the
// adjusted p of each, in the order given. They hold the error of the whole family.
std::vector<double> holm(std::span<const double> p_values);

}  // namespace pareto::offline
