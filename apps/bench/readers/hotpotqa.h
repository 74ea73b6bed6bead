#pragma once

#include "apps/bench/readers/reader.h"

namespace pareto {

// HotpotQA (Yang et al. 2018; distractor and fullwiki) and 2WikiMultihopQA (Ho et al. 2020), which
// has the same form. The context of a question is its corpus, or with `corpus = "shared"` all
// contexts are one; without a context `corpus` of [defaults] names the passages. `metric = "f1"`
// scores by their F1, in which yes, no and noanswer match whole or not at all.
extern const Reader kHotpotQa;

}  // namespace pareto
