#include "tools/builtin/finish.h"

#include <nlohmann/json.hpp>

#include "tools/builtin/builtin_tool.h"
#include "tools/builtin/spec.h"

namespace pareto {
namespace {

ToolSpec finish_spec() {
  return {.name = std::string(kFinishTool),
          .description =
              "End the task. Give the final answer, or say in one sentence what was done if the "
              "task asks for no answer.",
          .summary = "end with the final answer",
          .parameters = parameters_of(
              {{"answer", "string", Need::required, "the final answer, and nothing else"}}),
          .replay = Replay::idempotent,
          .dispatch = Dispatch::loop,
          .timeout = Milliseconds(1'000)};
}

class FinishTool : public BuiltinTool {
 public:
  FinishTool() : BuiltinTool(finish_spec()) {}
  bool offered(const Task&) const override { return true; }
  ToolResult call(const Json&, const ToolContext&) override { return tool_ok("Finished."); }
};

}  // namespace

std::shared_ptr<Tool> make_finish_tool() { return std::make_shared<FinishTool>(); }

}  // namespace pareto
