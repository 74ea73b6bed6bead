#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "agent/core/result.h"
#include "agent/core/run.h"
#include "apps/cli/globals.h"
#include "apps/system/system.h"

namespace pareto {

// How a run at the terminal is shown and steered.
struct Attendance {
  std::string events_file;  // JSON lines of every event, or empty
  std::string approve;      // ask | all | none | file:PATH
  bool learn = true;
  bool recall = true;
  OutsideChanges outside_changes = OutsideChanges::refused;  // of a run that is resumed
  std::string asked_model;                                   // for the row
};

// Runs or resumes one run in the foreground: owns its lease, shows it live on a terminal, wraps up
// at the first Ctrl-C and stops at the second, prints the answer (or, with --json, the row) and
// gives the exit status.
class AttendedRun {
 public:
  AttendedRun(System& system, const Globals& globals, Attendance attendance);
  ~AttendedRun();

  int start(Started started);
  int resume(const RunId& run);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The exit status of `run` for how a run ended.
int exit_status(const Run& run, const Outcome& outcome);

}  // namespace pareto
