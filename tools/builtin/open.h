#pragma once

#include <memory>

#include "tools/tool.h"

namespace pareto {

class CorpusCache;

// One passage of the task's corpus in full. `corpora` outlives it.
std::shared_ptr<Tool> make_open_tool(CorpusCache& corpora);

}  // namespace pareto
