#pragma once

#include "apps/bench/readers/reader.h"

namespace pareto {

// MATH-500 (Lightman et al. 2023, from Hendrycks et al. 2021): JSON lines of problem and answer;
// unique_id and subject as well where there are. Scored by `math` (apps/bench/rules).
extern const Reader kMath500;

}  // namespace pareto
