#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/limits.h"
#include "agent/core/result.h"

namespace pareto {

// A shell command that checks a workspace: exit status 0 passes.
struct CheckCommand {
  std::string command;
  Milliseconds timeout{10'000};

  friend bool operator==(const CheckCommand&, const CheckCommand&) = default;
};

// What is to be done. The field names and their meaning are those of a task file.
struct Task {
  std::string id;
  std::string label;  // "class" in the file; for reports, never a feature
  std::string prompt;
  std::map<std::string, std::string> files;  // relative path -> text, written into the workspace
  std::string workspace;                     // absolute folder to start from, or empty
  std::string corpus;                        // absolute path of a JSON-lines corpus, or empty
  std::vector<std::string> tools;            // empty: the defaults for the task
  std::optional<CheckCommand> verify;
  std::string score;  // JSON text of the scorer, or empty; never shown to a model
  Limits limits;
  bool sensitive = false;
  std::string metadata;  // JSON text, or empty

  friend bool operator==(const Task&, const Task&) = default;
};

// `base` is the folder that relative paths start from. Errors name the key.
Result<Task> task_from_json(const Json& json, const std::string& base);
Json to_json(const Task& task);

}  // namespace pareto
