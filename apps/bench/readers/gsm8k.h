#pragma once

#include "apps/bench/readers/reader.h"

namespace pareto {

// GSM8K (Cobbe et al. 2021): JSON lines of question and answer, whose last line is "#### NUMBER".
// Scored by the last number of an answer.
extern const Reader kGsm8k;

}  // namespace pareto
