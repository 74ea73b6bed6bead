#pragma once

#include <cstdint>

#include "policies/offline/interval.h"

namespace pareto::offline {

// Wilson 1927 ("Probable inference", JASA 22), the score interval of a proportion. `successes` and
// `trials` may be fractional: graded scores in 0..1 vary no more than passes do, and repeats of a
// task count as fewer trials. [0, 1] without trials.
Interval wilson_interval(double successes, double trials, double confidence);

// Clopper and Pearson 1934 (Biometrika 26): exact, and wider than needed.
Interval clopper_pearson_interval(std::int64_t successes, std::int64_t trials, double confidence);

// Exact McNemar test (McNemar 1947, Psychometrika 12, in its binomial form): two-sided p of two
// arms that differ on `only_first` + `only_second` tasks. 1 when they differ on none.
double mcnemar_exact(std::int64_t only_first, std::int64_t only_second);

}  // namespace pareto::offline
