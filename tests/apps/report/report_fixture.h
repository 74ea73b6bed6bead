#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "agent/core/json_text.h"
#include "apps/report/report.h"

namespace pareto::reporting {

// A folder of its own for a test's files.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "report-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  // Writes results.jsonl.
  std::string write(const std::string& text) const {
    std::ofstream(path_ + "/results.jsonl") << text;
    return path_;
  }

 private:
  std::string path_;
};

inline Json row_of(const std::string& task, const std::string& mode, double score) {
  return {{"suite", "s"},   {"suite_hash", "h"},   {"task", task},
          {"mode", mode},   {"model", "m"},        {"status", score > 0 ? "success" : "failure"},
          {"score", score}, {"cost_usd", "0.001"}, {"run", mode + task},
          {"repeat", 0}};
}

inline std::string lines_of(const std::vector<Json>& rows) {
  std::string text;
  for (const Json& row : rows) text += dump_json(row) + "\n";
  return text;
}

inline Result<Report> report_of(const std::vector<Json>& rows, const ReportOptions& options = {}) {
  const Folder folder;
  const std::vector<std::string> folders{folder.write(lines_of(rows))};
  auto files = read_results(folders);
  if (!files) return std::unexpected(files.error());
  return make_report(std::move(*files), options);
}

inline std::string text_of_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace pareto::reporting
