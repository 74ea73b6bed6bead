#include "tools/tool.h"

#include <utility>

namespace pareto {

ToolResult tool_ok(std::string text) { return {.text = std::move(text)}; }

ToolResult tool_error(std::string text) {
  return {.status = ResultStatus::error, .text = std::move(text)};
}

ToolResult tool_invalid(std::string text) {
  return {.status = ResultStatus::invalid_call, .text = std::move(text)};
}

bool has_files(const Task& task) {
  return !task.files.empty() || !task.workspace.empty() || task.verify.has_value();
}

}  // namespace pareto
