#pragma once

#include <memory>

#include "tools/tool.h"

namespace pareto {

class CorpusCache;

// The passages of the task's corpus that match a query best. `corpora` outlives it.
std::shared_ptr<Tool> make_search_tool(CorpusCache& corpora);

}  // namespace pareto
