#pragma once

#include <cstdint>
#include <string>

#include "agent/core/model.h"
#include "agent/core/outcome.h"
#include "agent/core/run.h"

namespace pareto {

// One line on stderr that says what a run is doing: mode, turn, tool, tokens, dollars left. Silent
// unless shown on a terminal.
class LiveLine {
 public:
  explicit LiveLine(bool shown) : shown_(shown) {}

  bool shown() const { return shown_; }
  void on_event(const Run& run, const Event& event);
  void on_delta(const Delta& delta);
  void tick();
  void clear();

 private:
  void draw();

  bool shown_;
  bool drawn_ = false;
  std::string head_;
  std::string doing_;
  std::int64_t streamed_ = 0;  // bytes of the reply under way
};

// "success (verified): agentic with local, 4 turns, 3 tool calls, ..."
std::string summary_line(const Run& run, const Outcome& outcome);

}  // namespace pareto
