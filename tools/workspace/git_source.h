#pragma once

#include <string>
#include <string_view>

#include "agent/core/result.h"

namespace pareto {

// A commit of a repository on this machine, as a task's `workspace` may name it:
// "git+PATH@COMMIT" or "git+file:///PATH@COMMIT". Repositories elsewhere are cloned by hand first.
struct GitSource {
  std::string repository;  // absolute path
  std::string commit;      // 40 hexadecimal digits

  friend bool operator==(const GitSource&, const GitSource&) = default;
};

bool is_git_source(std::string_view workspace);
// invalid says what is wrong.
Result<GitSource> parse_git_source(std::string_view workspace);

// Puts the files of the commit into `folder`, an empty folder, as a repository of its own whose
// only commit has no parent. Nothing of the source's history is in it: no other commit, no remote,
// no reflog, no object that is not in that one tree, and not the name of the commit itself.
// Filters, hooks and submodules of the source are not used. Blocks.
Result<void> check_out(std::string_view workspace, const std::string& folder);

}  // namespace pareto
