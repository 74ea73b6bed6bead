#pragma once

#include <string>
#include <string_view>

#include "agent/core/model.h"

namespace pareto {

// Reads {"thought", "tool", "arguments"} while it is being written, in any cut, and tells its
// listener the thought as text and the arguments as they are. For display only: the reply itself is
// parsed when it is whole, and text that is no such object gives nothing here.
class SchemaTurnScanner {
 public:
  void feed(std::string_view bytes, const DeltaHandler& on_delta);

 private:
  enum class State { start, between, key, colon, value, thought, skipped_string, nested, over };

  void step(char c);
  void begin_value(char c);
  void step_thought(char c);
  void step_nested(char c);

  State state_ = State::start;
  std::string key_;
  std::string thought_;     // decoded, not yet told
  std::string arguments_;   // not yet told
  std::string hex_;         // digits of a \u escape so far
  bool escaped_ = false;    // the last byte was a backslash
  bool unicode_ = false;    // within \uXXXX
  bool in_string_ = false;  // within a string of a nested value
  int depth_ = 0;           // of a nested value
};

// Passes text through, and the block ```tool ... ``` as arguments.
class TextTurnScanner {
 public:
  void feed(std::string_view bytes, const DeltaHandler& on_delta);

 private:
  std::string line_;  // the current line while it may be a fence
  bool held_ = true;  // the current line so far is the beginning of a fence
  bool in_block_ = false;
};

}  // namespace pareto
