#pragma once

#include <string>
#include <vector>

#include "apps/cli/globals.h"

namespace pareto {

// `pareto runs export RUN... --format atif|otlp [--content] [--out FILE|DIR]`.
struct ExportFlags {
  std::vector<std::string> runs;  // ids, or how they begin
  std::string format;
  bool content = false;
  std::string out;  // empty: stdout, for one run
};

// Writes each run as one JSON document. Errors: invalid for an unknown format (the nearest is
// named), for several runs without a folder, and for a file that can't be written; those of the
// journal for a run that is not there.
Result<int> export_runs(const Globals& globals, const ExportFlags& flags);

}  // namespace pareto
