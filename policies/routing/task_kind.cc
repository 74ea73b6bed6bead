#include "policies/routing/task_kind.h"

namespace pareto {
namespace {

bool speaks_of_repair(const TaskFeatures& f) { return f.repair_words > 0; }

bool speaks_of_writing(const TaskFeatures& f) {
  return f.writing_words > 0 && (f.code_words > 0 || f.code_fences > 0 || f.code_files > 0);
}

// A contest problem shows LaTeX or several technical words, and tells no story with many numbers.
bool is_mathematics(const TaskFeatures& f) {
  return f.mathematics_words >= 2 && f.mathematics_words > f.arithmetic_words;
}

bool is_arithmetic(const TaskFeatures& f) {
  return f.numbers >= 2 && f.arithmetic_words >= 1 && f.choices == 0 && f.urls == 0;
}

// A long question joins several facts more often than not.
constexpr double kLongQuestion = 2.7;  // ln(1 + words): 14 words

bool is_multi_hop(const TaskFeatures& f) { return f.hop_words > 0 || f.log_words > kLongQuestion; }

TaskKind kind_of_code_task(const TaskFeatures& f) {
  const bool broken = f.check_fails > 0 && f.code_files > 0;
  if (speaks_of_repair(f)) return TaskKind::repair;
  // A verifier that fails before any work is a bug to fix, or code that is still missing.
  if (speaks_of_writing(f) || !broken) return TaskKind::code_writing;
  return TaskKind::repair;
}

}  // namespace

const char* to_string(TaskKind kind) {
  switch (kind) {
    case TaskKind::repair:
      return "repair";
    case TaskKind::code_writing:
      return "code_writing";
    case TaskKind::arithmetic:
      return "arithmetic";
    case TaskKind::mathematics:
      return "mathematics";
    case TaskKind::multi_hop:
      return "multi_hop";
    case TaskKind::lookup:
      return "lookup";
    case TaskKind::recent_facts:
      return "recent_facts";
    case TaskKind::summary:
      return "summary";
    case TaskKind::plain_question:
      return "plain_question";
    case TaskKind::other:
      return "other";
  }
  return "other";
}

std::optional<TaskKind> parse_task_kind(std::string_view name) {
  for (const TaskKind kind : kAllTaskKinds) {
    if (name == to_string(kind)) return kind;
  }
  return std::nullopt;
}

TaskKind infer_kind(const TaskFeatures& f) {
  if (f.has_corpus > 0 && f.code_files == 0) {
    return is_multi_hop(f) ? TaskKind::multi_hop : TaskKind::lookup;
  }
  if (f.code_files > 0 && (f.has_verifier > 0 || speaks_of_repair(f) || speaks_of_writing(f))) {
    return kind_of_code_task(f);
  }
  if (f.code_fences > 0 && speaks_of_repair(f)) return TaskKind::repair;
  if (speaks_of_writing(f)) return TaskKind::code_writing;
  if (f.summary_words > 0) return TaskKind::summary;
  if (is_mathematics(f)) return TaskKind::mathematics;
  if (is_arithmetic(f)) return TaskKind::arithmetic;
  if (f.recency_words > 0 && f.question_words > 0) return TaskKind::recent_facts;
  if (f.questions > 0 || f.question_words > 0) return TaskKind::plain_question;
  return TaskKind::other;
}

bool needs_files(TaskKind kind, const TaskFeatures& f) {
  if (f.log_files == 0) return false;
  if (f.file_names > 0) return true;
  switch (kind) {
    case TaskKind::repair:
    case TaskKind::code_writing:
    case TaskKind::summary:
    case TaskKind::other:
      return true;
    case TaskKind::arithmetic:
    case TaskKind::mathematics:
    case TaskKind::multi_hop:
    case TaskKind::lookup:
    case TaskKind::recent_facts:
    case TaskKind::plain_question:
      return false;
  }
  return true;
}

}  // namespace pareto
