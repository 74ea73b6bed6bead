#include "tools/builtin/run.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "tools/builtin/builtin_tool.h"
#include "tools/builtin/sandbox_call.h"
#include "tools/builtin/spec.h"

namespace pareto {
namespace {

constexpr std::int64_t kDefaultSeconds = 60;
constexpr std::int64_t kMaxSeconds = 600;

ToolSpec run_spec() {
  return {.name = "run",
          .description =
              "Run a shell command in the workspace and show what it prints. Each call is a new "
              "shell; there is no network and no input. Long outputs lose their middle. "
              "Calculate with python3 -c.",
          .summary = "run a shell command",
          .parameters = parameters_of(
              {{"command", "string", Need::required, "for bash, such as python3 -c 'print(6*7)'"},
               {"seconds", "integer", Need::optional, "time limit, 60 unless given, 600 at most"}}),
          .timeout = Milliseconds((kMaxSeconds + 10) * 1000)};
}

// Debian has no `python`, which models call all the same.
std::string with_python(const std::string& command) {
  static const RE2 calls(R"((?:^|[\s;&|(])python\s)");
  if (!RE2::PartialMatch(command, calls)) return command;
  return "type python >/dev/null 2>&1 || python() { python3 \"$@\"; }\n" + command;
}

class RunTool : public BuiltinTool {
 public:
  explicit RunTool(const Sandbox& sandbox) : BuiltinTool(run_spec()), sandbox_(sandbox) {}

  // Without a corpus a task without files still can be calculated on.
  bool offered(const Task& task) const override { return has_files(task) || task.corpus.empty(); }
  // The sandbox has cut the output already.
  std::size_t max_text() const override { return 10'500; }

  ToolResult call(const Json& arguments, const ToolContext& context) override {
    const std::string command = text_argument(arguments, "command");
    if (command.find_first_not_of(" \t\r\n") == std::string::npos) {
      return tool_invalid("The command is empty. Give a shell command.");
    }
    if (command.contains('\0')) return tool_invalid("The command has a zero byte in it.");
    const std::int64_t seconds = integer_argument(arguments, "seconds", kDefaultSeconds);
    const Milliseconds span(std::clamp<std::int64_t>(seconds, 1, kMaxSeconds) * 1000);
    SandboxCall done = call_sandbox(sandbox_, with_python(command), span, context);
    if (!done.ran) return std::move(done.result);
    std::string text = std::move(done.exit.output);
    if (!text.empty() && text.back() != '\n') text += '\n';
    if (text.empty() && done.exit.ok()) text = "(no output)\n";
    done.result.text = fmt::format("{}[{}]", text, ending_of(done.exit));
    return std::move(done.result);
  }

 private:
  const Sandbox& sandbox_;
};

}  // namespace

std::shared_ptr<Tool> make_run_tool(const Sandbox& sandbox) {
  return std::make_shared<RunTool>(sandbox);
}

}  // namespace pareto
