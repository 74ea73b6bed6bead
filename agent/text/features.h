#pragma once

#include <span>
#include <string_view>

#include "agent/core/json.h"
#include "agent/core/recall.h"
#include "agent/core/task.h"

namespace pareto {

// Changes whenever a feature changes its meaning.
inline constexpr std::string_view kFeaturesVersion = "features/1";

// What can be read off a task without a model: counts and shares of cues in the prompt, and what
// lies beside it. The task's label is not among them.
struct TaskFeatures {
  // the prompt
  double log_bytes = 0;  // ln(1 + bytes)
  double log_words = 0;
  double digit_share = 0;  // of all bytes
  double numbers = 0;      // in digits or words
  double questions = 0;    // question marks
  double parts = 0;        // list items
  double code_fences = 0;
  double code_words = 0;         // "function", "class", "compile", ...
  double repair_words = 0;       // "fix", "bug", "fails", ...
  double writing_words = 0;      // "implement", "write", ... of code
  double arithmetic_words = 0;   // "how many", "total", "per cent", ...
  double mathematics_words = 0;  // "prove", "integer", "\\frac", ...
  double recency_words = 0;      // "today", "latest", ...
  double summary_words = 0;      // "summarise", ...
  double hop_words = 0;          // "whose", "of the ... who", comparisons: several facts to join
  double question_words = 0;     // "who", "when", ...
  double choices = 0;            // lettered alternatives
  double urls = 0;
  double file_names = 0;  // words such as "gcd.py"
  double wide_share = 0;  // bytes outside of ASCII
  // what lies beside it
  double has_verifier = 0;
  double check_fails = 0;  // the verifier fails on the untouched workspace
  double has_corpus = 0;
  double log_passages = 0;  // ln(1 + passages of the corpus)
  double log_files = 0;
  double log_file_bytes = 0;
  double omitted_files = 0;
  double code_files = 0;  // by extension
  double data_files = 0;
  double prose_files = 0;
  double test_files = 0;  // by name

  friend bool operator==(const TaskFeatures&, const TaskFeatures&) = default;
};

// `briefing` describes the workspace and the corpus; where it is empty the task's own files count.
TaskFeatures features_of(const Task& task, const Briefing& briefing);

// Every feature by name, in a fixed order: for logs and for models that want a vector.
struct FeatureField {
  std::string_view name;
  double TaskFeatures::* value;
};
std::span<const FeatureField> feature_fields();

// {"version": "features/1", "log_bytes": 4.2, ...}
Json to_json(const TaskFeatures& features);

}  // namespace pareto
