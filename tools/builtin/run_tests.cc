#include "tools/builtin/run_tests.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "tools/builtin/builtin_tool.h"
#include "tools/builtin/sandbox_call.h"
#include "tools/builtin/spec.h"
#include "tools/test_counts.h"

namespace pareto {
namespace {

// No check has longer; a task says how long its own may take.
constexpr Milliseconds kMostTime = std::chrono::hours(24);

ToolSpec run_tests_spec() {
  return {.name = "run_tests",
          .description = "Run the task's own check and say whether it passes.",
          .summary = "run the task's tests",
          .parameters = parameters_of({}),
          .replay = Replay::idempotent,
          .timeout = kMostTime};
}

class RunTestsTool : public BuiltinTool {
 public:
  explicit RunTestsTool(const Sandbox& sandbox)
      : BuiltinTool(run_tests_spec()), sandbox_(sandbox) {}

  bool offered(const Task& task) const override { return task.verify.has_value(); }
  std::size_t max_text() const override { return 10'500; }

  ToolResult call(const Json&, const ToolContext& context) override {
    const CheckCommand& check = context.check;
    if (check.command.empty()) return tool_error("This task has no tests to run.");
    SandboxCall done = call_sandbox(sandbox_, check.command, check.timeout, context);
    if (!done.ran) return std::move(done.result);
    std::string verdict = done.exit.ok() ? "PASSED" : "FAILED";
    if (const auto counts = count_tests(done.exit.output)) verdict += ": " + to_string(*counts);
    done.result.text = fmt::format("{} [{}; {}]\n{}", verdict, check.command.substr(0, 200),
                                   ending_of(done.exit), done.exit.output);
    return std::move(done.result);
  }

 private:
  const Sandbox& sandbox_;
};

}  // namespace

std::shared_ptr<Tool> make_run_tests_tool(const Sandbox& sandbox) {
  return std::make_shared<RunTestsTool>(sandbox);
}

}  // namespace pareto
