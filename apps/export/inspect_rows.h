#pragma once

#include <string>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/result.h"
#include "apps/export/zip_archive.h"

namespace pareto::exporting {

// What an Inspect AI log comes to: lines of results.jsonl, and what could not be taken over.
struct InspectRows {
  std::vector<Json> rows;
  std::vector<std::string> notes;
};

// Reads a log that anybody may have made, of this or an older version of Inspect. Suite = task,
// mode = "inspect:" and the solver, repeat = epoch - 1; the score is that of the headline or first
// scorer: C is 1, I and N are 0, P is 0.5, numbers and booleans of 0..1 are taken as they are, and
// anything else leaves the row unscored, with a note. A cost that the log does not have is unknown.
//
// Errors name the file and the entry: invalid for what is no such log; limit for an entry beyond
// 256 MB, or entries beyond 4 GB in all.
Result<InspectRows> read_inspect_log(const std::string& path);
// The same of an open archive; `name` is for errors.
Result<InspectRows> read_inspect_log(ZipReader& archive, const std::string& name);

// JSON as Python writes it: NaN and the infinities, which JSON has no words for, become null.
std::string without_constants(std::string_view text);

}  // namespace pareto::exporting
