#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/json_fields.h"
#include "apps/bench/readers/reader.h"

namespace pareto {

// A paragraph that comes with a question.
struct ContextPassage {
  std::string title;
  std::string text;
};

// Collects the contexts of questions into corpora: one a question, or one of all, in which a
// passage that several questions bring stands once.
class Passages {
 public:
  enum class Sharing { per_task, shared };
  Passages(std::string name, Sharing sharing) : name_(std::move(name)), sharing_(sharing) {}

  struct Added {
    std::string corpus;            // a key of `corpora`; empty without passages
    std::vector<std::string> ids;  // of the passages, in the order in which they were given
  };
  Added add(const std::string& task, const std::vector<ContextPassage>& context);

  std::map<std::string, std::string> corpora() &&;

 private:
  std::string name_;
  Sharing sharing_;
  std::map<std::string, std::string> corpora_;
  std::map<std::string, std::string> ids_;  // of the shared corpus: line without id -> id
};

// Makes a task of a question, with its context added to the passages.
using MakeQuestion =
    std::function<Result<Task>(JsonFields& fields, Passages& passages, const std::string& metric)>;

// The questions of a benchmark that bring their context. Options of [reader]: `corpus` (task or
// shared) and `metric` (exact or f1).
Result<ForeignTasks> questions_with_context(const Source& source, const std::string& format,
                                            const MakeQuestion& make);

}  // namespace pareto
