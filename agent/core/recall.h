#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/core/id.h"
#include "agent/core/json.h"
#include "agent/core/money.h"
#include "agent/core/result.h"
#include "agent/core/route.h"

namespace pareto {

// How an earlier run like this task went. Data, never an instruction.
struct Neighbour {
  RunId run;
  double similarity = 0;  // cosine, 0..1
  Mode mode = Mode::instant;
  std::string model;
  double success = 0;  // 0..1
  Money cost;

  friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

// A text file of the workspace.
struct BriefedFile {
  std::string path;
  std::string text;

  friend bool operator==(const BriefedFile&, const BriefedFile&) = default;
};

// A passage of the corpus that matches the prompt.
struct Passage {
  std::string id;
  std::string title;
  std::string text;

  friend bool operator==(const Passage&, const Passage&) = default;
};

// What is known of the surroundings before a route is chosen: enough for one call without tools.
struct Briefing {
  std::vector<BriefedFile> files;    // files named in the prompt first
  std::vector<std::string> omitted;  // text files that did not fit into the bound
  std::int64_t total_files = 0;
  std::int64_t total_bytes = 0;      // of all text files, fitting or not
  std::vector<Passage> passages;     // best first
  std::int64_t corpus_passages = 0;  // size of the whole corpus
  std::string check_output;          // what `verify` prints on the untouched workspace, if it fails

  friend bool operator==(const Briefing&, const Briefing&) = default;
};

// What bears on a task.
struct Recall {
  std::vector<Neighbour> neighbours;  // nearest first
  Briefing briefing;
  std::vector<std::string> tools;    // names the task's toolbox offers, sorted
  std::int64_t tool_spec_bytes = 0;  // their specs as JSON text
  std::vector<std::string> outside_tools;  // those that reach out of the sandbox
  std::string note;                  // why something could not be recalled, or empty

  friend bool operator==(const Recall&, const Recall&) = default;
};

Json to_json(const Recall& recall);
Result<Recall> recall_from_json(const Json& json);

}  // namespace pareto
