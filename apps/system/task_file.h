#pragma once

#include <string>
#include <string_view>

#include "agent/core/result.h"
#include "agent/core/task.h"

namespace pareto {

// Reads a task from a JSON file; relative paths in it start from the file's folder. Errors name the
// file, and the line or the key.
Result<Task> task_from_file(const std::string& path);

// Puts the text in the place of the file, whole or not at all. The path has a folder, which exists.
Result<void> write_text_file(const std::string& path, std::string_view text);

// The whole of a text file, at most `max_bytes`; not_found or limit otherwise.
Result<std::string> read_text_file(const std::string& path, std::size_t max_bytes = 64 << 20);

}  // namespace pareto
