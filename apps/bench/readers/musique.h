#pragma once

#include "apps/bench/readers/reader.h"

namespace pareto {

// MuSiQue (Trivedi et al. 2022): the paragraphs of a question are its corpus, or with
// `corpus = "shared"` all are one; without paragraphs `corpus` of [defaults] names the passages.
// Scored by the best of the answer and its aliases; `metric = "f1"` by F1.
extern const Reader kMusique;

}  // namespace pareto
