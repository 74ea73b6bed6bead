#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/operation.h"
#include "agent/core/result.h"
#include "agent/core/time.h"
#include "agent/io/loop.h"

// Child processes. A child gets the descriptors 0, 1, 2 and those named in its spec and no other,
// default signal handling, and a process group of its own that is killed as a whole.

namespace pareto {

struct ProcessSpec {
  std::vector<std::string>
      command;  // program (a path, or a name looked up in our PATH) and arguments
  // "NAME=value" lines that replace the environment; nullopt: ours is inherited.
  std::optional<std::vector<std::string>> environment;
  std::string folder;  // where it runs; empty: our own
  std::string input;   // given on stdin, which is then closed
  // Further descriptors: first our number, which stays ours, then the child's, from 3 up.
  std::vector<std::pair<int, int>> descriptors;
  std::size_t head_bytes = 32 * 1024;  // kept of the start of stdout, and of stderr
  std::size_t tail_bytes = 32 * 1024;  // kept of their ends
  Deadline deadline;                   // the group is killed then
};

// The start and the end of an output that may have been larger.
struct ProcessOutput {
  std::string head;
  std::string tail;
  std::size_t dropped = 0;  // bytes between them

  // Both, with a line that says what is missing between them.
  std::string text() const;

  friend bool operator==(const ProcessOutput&, const ProcessOutput&) = default;
};

struct ProcessExit {
  int code = 0;            // exit code; 128 + signal when killed, as a shell says it
  int signal = 0;          // the signal that ended it, or 0
  bool timed_out = false;  // its deadline passed, so it was killed
  ProcessOutput out;
  ProcessOutput err;
  Milliseconds took{0};
  Milliseconds cpu{0};      // user and system time of the child and the children it waited for
  std::size_t peak_kb = 0;  // largest resident set

  bool ok() const { return code == 0 && !timed_out; }
};

// Runs a child to its end and blocks meanwhile: for worker threads. When the child ends, what it
// left of its group is killed. Stopping kills the group and gives ErrorCode::cancelled; errors are
// not_found (no such program or folder), denied and internal. Any thread.
Result<ProcessExit> run_process(const ProcessSpec& spec, std::stop_token stop = {});

// A child that runs beside the loop. Destroying it kills its group and reaps it.
class Process : public Operation {
 public:
  virtual pid_t pid() const = 0;
  // Queues bytes for stdin; dropped when the child has closed it.
  virtual void write(std::string bytes) = 0;
  // Closes stdin once what was queued is written.
  virtual void close_input() = 0;
  // Bytes queued and not yet taken by the child.
  virtual std::size_t unwritten() const = 0;
  // Sends a signal to the group.
  virtual void signal(int number) = 0;
};

// Called from the loop. Any may be empty; a handler may destroy the process.
struct ProcessHandlers {
  // Output as it comes; without a handler it is collected into ProcessExit.
  std::move_only_function<void(std::string_view)> on_out;
  std::move_only_function<void(std::string_view)> on_err;
  // Once, last, when the child has ended and its outputs are closed or drained.
  std::move_only_function<void(ProcessExit)> on_exit;
};

enum class ProcessInput {
  closed_after_input,  // spec.input is all
  open,                // more comes by `write`
};

// Starts a child. Errors as those of `run_process`.
Result<std::unique_ptr<Process>> start_process(
    Loop& loop, ProcessSpec spec, ProcessHandlers handlers,
    ProcessInput input = ProcessInput::closed_after_input);

}  // namespace pareto
