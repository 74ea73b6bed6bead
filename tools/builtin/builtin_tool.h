#pragma once

#include <utility>

#include "tools/tool.h"

namespace pareto {

// A tool whose spec is known when it is made.
class BuiltinTool : public Tool {
 public:
  explicit BuiltinTool(ToolSpec spec) : spec_(std::move(spec)) {}
  const ToolSpec& spec() const override { return spec_; }

 private:
  ToolSpec spec_;
};

}  // namespace pareto
