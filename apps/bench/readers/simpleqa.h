#pragma once

#include "apps/bench/readers/reader.h"

namespace pareto {

// SimpleQA (Wei et al. 2024): a CSV file of metadata, problem, answer. The authors let a model
// judge; here an answer must equal the gold one after normalisation, which is stricter.
extern const Reader kSimpleQa;

}  // namespace pareto
