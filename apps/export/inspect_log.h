#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/core/event.h"
#include "apps/export/zip_archive.h"
#include "apps/report/result_files.h"

namespace pareto::exporting {

// The events of a row's run; an error says why there are none.
using EventsOf = std::function<Result<std::vector<Event>>(const reporting::ReportRow&)>;

// What becomes an Inspect AI log (a zip archive, FILE.eval, format version 2): its name, its
// entries and the date they bear.
struct InspectLog {
  std::string file_name;  // "2024-05-29T12-38-43_SUITE-MODE-MODEL_ID.eval"
  Instant created;        // when its first run began
  std::vector<ZipEntry> entries;
  int samples = 0;
  int without_events = 0;  // samples of which only the row is known
};

// The arms of a suite, in their order.
std::vector<offline::ArmId> arms_of(const reporting::SuiteRows& suite);

// One arm of a suite as a log: task = suite, solver = mode, a sample for each run, repeats as
// epochs. Ids are hashes of what the rows say, so that the same rows and events give the same log.
// `version` is that of the program.
InspectLog inspect_log(const reporting::SuiteRows& suite, const offline::ArmId& arm,
                       const EventsOf& events, const std::string& version);

}  // namespace pareto::exporting
