#pragma once

#include "apps/bench/readers/reader.h"

namespace pareto {

// BrowseComp (Wei et al. 2025): a CSV file of problem and answer, encrypted with the canary of
// their row. Questions are decrypted for the prompt; gold answers stay encrypted in the task, and
// are decrypted when an answer is scored. The tasks are marked sensitive.
extern const Reader kBrowseComp;

}  // namespace pareto
