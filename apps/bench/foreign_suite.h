#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/result.h"
#include "agent/core/task.h"

namespace pareto {

// Tasks read from a file or folder in a foreign benchmark's own form.
struct ForeignSuite {
  std::string format;
  std::vector<Task> tasks;  // corpora and attachments are on disk, named by absolute paths
  std::string content;      // what was read, for the suite's hash
};

// Reads `path` by the reader `format`, or, when that is empty, by the one that recognises it;
// nothing when none does. `options` is a JSON object, the table [reader] of suite.toml. Corpora and
// workspaces with attachments are written below the user's cache folder, under the hash of their
// content. Errors (invalid) name the file, the line or item, and the key.
Result<std::optional<ForeignSuite>> read_foreign(const std::string& path, const std::string& format,
                                                 const Json& options);

// An oracle for tasks whose metadata hold `solution` or `patch`: prints the one, or writes its
// files; applies the other.
extern const char* const kSolutionOracle;

}  // namespace pareto
