#pragma once

#include "apps/bench/readers/reader.h"

namespace pareto {

// GAIA (Mialon et al. 2023), metadata.jsonl: task_id, Question, Level, "Final answer", file_name.
// An attached file is expected beside it. Questions without a public answer ("?") have no score.
extern const Reader kGaia;

}  // namespace pareto
