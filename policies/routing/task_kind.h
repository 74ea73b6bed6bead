#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "agent/text/features.h"

namespace pareto {

// What sort of work a task is, as far as its text, files, verifier and corpus tell.
enum class TaskKind {
  repair,          // something is broken and a check shows it
  code_writing,    // code is to be made
  arithmetic,      // a word problem
  mathematics,     // a contest problem or a proof
  multi_hop,       // several facts of a corpus have to be joined
  lookup,          // one fact of a corpus
  recent_facts,    // the world of today
  summary,         // given text is to be made shorter
  plain_question,  // a question without anything beside it
  other,
};
inline constexpr std::size_t kTaskKinds = 10;
inline constexpr std::array<TaskKind, kTaskKinds> kAllTaskKinds = {
    TaskKind::repair,         TaskKind::code_writing, TaskKind::arithmetic,   TaskKind::mathematics,
    TaskKind::multi_hop,      TaskKind::lookup,       TaskKind::recent_facts, TaskKind::summary,
    TaskKind::plain_question, TaskKind::other};

const char* to_string(TaskKind kind);
// Nothing for a name of another version.
std::optional<TaskKind> parse_task_kind(std::string_view name);

// Rules in a fixed order, the surest cue first. Never looks at a label: there is none in features.
TaskKind infer_kind(const TaskFeatures& features);

// Whether an answer depends on the files of the workspace.
bool needs_files(TaskKind kind, const TaskFeatures& features);

}  // namespace pareto
