#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/core/model.h"
#include "agent/io/loop.h"

namespace pareto {

// What came of asking a model for one trivial tool call in one dialect.
struct DialectFinding {
  ToolDialect dialect = ToolDialect::native;
  bool works = false;  // the right tool with the right argument
  std::string detail;  // what came instead, or the error
  std::optional<Usage> usage;
  Milliseconds took{0};
};

// A model that speaks the given dialect.
using DialectModelFactory = std::function<Result<std::unique_ptr<Model>>(ToolDialect)>;
using DialectProbeHandler = std::move_only_function<void(std::vector<DialectFinding>)>;

// Asks in each of the dialects, one after the other. Costs three short calls. The handler is called
// from the loop.
std::unique_ptr<Operation> probe_dialects(Loop& loop, DialectModelFactory make, Deadline deadline,
                                          DialectProbeHandler done);

}  // namespace pareto
