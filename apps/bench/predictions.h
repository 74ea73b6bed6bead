#pragma once

#include <string>
#include <vector>

#include "agent/core/ports.h"
#include "agent/core/result.h"
#include "apps/bench/rows.h"
#include "apps/bench/suite.h"

namespace pareto {

// One line of a predictions file as the official harness of SWE-bench takes it. A patch ends with a
// newline, without which `git apply` refuses it; an empty one stays empty.
std::string prediction_line(const std::string& instance, const std::string& model,
                            const std::string& patch);

// Writes the patches of all rows of a `swe_bench` suite beside them, and gives the files:
// predictions.jsonl for one arm, predictions-MODE-MODEL-REPEAT.jsonl for several, since the harness
// takes one patch an instance. For other suites nothing is written. A run whose events are gone is
// an error.
Result<std::vector<std::string>> write_predictions(const Suite& suite, const ResultRows& rows,
                                                   Journal& journal, const std::string& out);

}  // namespace pareto
