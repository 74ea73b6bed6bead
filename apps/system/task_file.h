#pragma once

#include <string>

#include "agent/core/result.h"
#include "agent/core/task.h"

namespace pareto {

// Reads a task from a JSON file; relative paths in it start from the file's folder. Errors name the
// file, and the line or the key.
Result<Task> task_from_file(const std::string& path);

// The whole of a text file, at most `max_bytes`; not_found or limit otherwise.
Result<std::string> read_text_file(const std::string& path, std::size_t max_bytes = 64 << 20);

}  // namespace pareto
