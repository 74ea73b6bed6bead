#pragma once

#include <string>

#include "agent/core/json.h"
#include "agent/core/money.h"
#include "agent/core/result.h"
#include "agent/io/descriptor.h"

namespace pareto {

// What a foreign agent's calls are written to: a JSON object a line, durable before the call is
// made ("begun" with what is reserved) and after it ("ended" with what is settled; "refused").
class CallLog {
 public:
  static Result<CallLog> open(const std::string& path);

  // Blocks until the line is on the disk.
  Result<void> append(const Json& line);

 private:
  CallLog(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Descriptor file_;
  std::string path_;
};

// What the calls of a log cost: one that has no end counts with what was reserved for it. A file
// that is not there holds none; lines that make no sense are skipped, as a crash tears the last.
Money cost_of_log(const std::string& path);

}  // namespace pareto
