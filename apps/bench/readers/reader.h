#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/result.h"
#include "agent/core/task.h"

namespace pareto {

// What a reader is given: a file's text, or the text files of a folder. A reader does no I/O.
struct Source {
  std::string text;                          // of a file
  std::map<std::string, std::string> files;  // of a folder: relative path -> text
  Json options = Json::object();             // the table [reader] of suite.toml

  bool is_folder() const { return !files.empty(); }
};

// What a reader makes of it.
struct ForeignTasks {
  // `corpus` of a task is a key of `corpora`, or empty. `metadata` may hold `solution` (an answer,
  // or an object of path and text), `patch` (a diff that solves the task), and `required` (ids or
  // titles of the passages that a good answer rests on).
  std::vector<Task> tasks;
  std::map<std::string, std::string> corpora;      // name -> JSON lines {"id", "title", "text"}
  std::map<std::string, std::string> attachments;  // task id -> name of a file beside the source
};

// One foreign benchmark.
struct Reader {
  std::string_view format;  // as in `--format`
  std::string_view reads;   // for a person: which files
  // Whether a source has this shape; `first` is its first record, or null.
  bool (*recognises)(const Source& source, const Json& first);
  // Errors (invalid) name the line or item and the key.
  Result<ForeignTasks> (*read)(const Source& source);
};

// All readers, in the order in which they are asked.
std::span<const Reader> readers();
// The reader of that name. Errors (invalid) name the nearest and list all.
Result<const Reader*> find_reader(std::string_view format);
// The reader that recognises a source, or null: then it is no foreign file.
const Reader* recognise(const Source& source);

}  // namespace pareto
