#pragma once

#include <string>

#include "agent/core/ports.h"
#include "tools/workspace/copy_tree.h"
#include "tools/workspace/local_workbench.h"

namespace pareto {

// What STATE/runs/RUN/place.json says of a run's folder.
struct PlaceRecord {
  Workbench::Place place;
  bool tracked_only = false;  // the workspace is what git would track, not everything
};

std::string run_folder_of(const WorkbenchOptions& options, const RunId& run);
// not_found when the run has no finished folder.
Result<PlaceRecord> read_place(const std::string& run_folder);
Result<void> write_place(const std::string& run_folder, const PlaceRecord& record);

// The files of a git work tree that git tracks or would track; everything when it is none.
Selection tracked_files(const std::string& folder);

}  // namespace pareto
