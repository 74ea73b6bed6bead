#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "policies/offline/measures.h"
#include "policies/offline/observation.h"

namespace pareto::reporting {

// A row of results.jsonl that is in force: the last of its key.
struct ReportRow {
  offline::Observation observation;
  std::string status;
  std::string reason;
  std::string mode_used;
  std::string run;
  std::string error;
  std::optional<offline::InformationSeeking> seeking;  // of tasks that name required passages
  std::int64_t seed = 0;
  bool cost_estimated = false;
  std::size_t folder = 0;  // index of the folder that it came from
};

// All rows of one version of a suite: rows of different tasks must not be averaged together.
struct SuiteRows {
  std::string suite;
  std::string suite_hash;
  std::vector<ReportRow> rows;  // in the order of their keys
};

struct ResultFiles {
  std::vector<SuiteRows> suites;   // by name and hash
  std::vector<std::string> notes;  // what was left out of the files, and why
};

// Reads FOLDER/results.jsonl of each folder; a path of a file is taken as it is, FILE.eval as a log
// of Inspect AI (apps/export/inspect_rows.h). A row without a
// line end is a crash's and is left out with a note, rows of cancelled runs likewise. A later row
// of a key replaces the earlier, across folders too. Errors: not_found for a missing file; invalid
// for a line that is no result row, with its number.
Result<ResultFiles> read_results(std::span<const std::string> folders);

}  // namespace pareto::reporting
