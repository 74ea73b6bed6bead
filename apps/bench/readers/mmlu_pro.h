#pragma once

#include "apps/bench/readers/reader.h"

namespace pareto {

// MMLU-Pro (Wang et al. 2024) and other multiple choice of its form: question, options, answer (a
// letter) and, where there is one, answer_index, which must agree. Scored by `choice`.
extern const Reader kMmluPro;

}  // namespace pareto
