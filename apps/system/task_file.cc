#include "apps/system/task_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/core/json_text.h"
#include "tools/workspace/folder.h"

namespace pareto {

Result<std::string> read_text_file(const std::string& path, std::size_t max_bytes) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) {
    return fail(ErrorCode::invalid, fmt::format("{}: can't be read: {}", path, error.message()));
  }
  if (size > max_bytes) {
    return fail(ErrorCode::limit, fmt::format("{}: {} bytes are more than the {} that are read",
                                              path, size, max_bytes));
  }
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  if (!file) return fail(ErrorCode::invalid, fmt::format("{}: can't be read", path));
  return std::move(content).str();
}

Result<void> write_text_file(const std::string& path, std::string_view text) {
  const std::filesystem::path file(path);
  auto folder = Folder::open(file.parent_path().string());
  if (!folder) return std::unexpected(folder.error());
  return folder->write(file.filename().string(), text);
}

Result<Task> task_from_file(const std::string& path) {
  auto text = read_text_file(path);
  if (!text) return fail(ErrorCode::invalid, text.error().message);
  auto json = parse_json(*text);
  if (!json) {
    return fail(ErrorCode::invalid, fmt::format("{}: {}", path, json.error().message));
  }
  const auto folder = std::filesystem::absolute(path).parent_path();
  auto task = task_from_json(*json, folder.string());
  if (!task) return fail(ErrorCode::invalid, fmt::format("{}: {}", path, task.error().message));
  return task;
}

}  // namespace pareto
