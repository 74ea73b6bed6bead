#pragma once

#include <memory>
#include <vector>

#include "tools/tool.h"

namespace pareto {

class CorpusCache;
class Sandbox;

// What built-in tools borrow; all of it outlives them.
struct ToolNeeds {
  const Sandbox& sandbox;
  CorpusCache& corpora;
};

// Every built-in tool: edit, finish, grep, open, run, run_tests, search, view, write. A task that
// names no tools gets those of them whose offered() says so.
std::vector<std::shared_ptr<Tool>> builtin_tools(const ToolNeeds& needs);

}  // namespace pareto
