#pragma once

#include <string>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/task.h"

namespace pareto {

// A set of tasks with what is needed to trust it.
struct Suite {
  std::string name;
  std::string version;
  std::string licence;
  std::string source;
  std::string folder;       // absolute
  std::string oracle;       // command that solves a task; must score 1. Empty: none
  bool null_check = false;  // an untouched workspace with an empty answer must score 0
  std::string hash;         // of the tasks, and of the corpora and workspaces that they name
  std::string format;       // of a foreign benchmark; empty: tasks in our own form
  std::vector<Task> tasks;
};

// Reads a folder with `suite.toml` and `tasks.jsonl`, or a `.jsonl` file alone, or a file or folder
// of a foreign benchmark, which is recognised by its form or named by `format`. The defaults of the
// suite are merged into every task. Errors (invalid) name the file and the line or key: unknown or
// missing keys, a duplicate id, a missing corpus or workspace, a scorer that can't work.
Result<Suite> read_suite(const std::string& path, const std::string& format = "");

}  // namespace pareto
