#include "tools/builtin/syntax_gate.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/json_text.h"
#include "tools/output.h"

namespace pareto {
namespace {

constexpr int kMaxDepth = 1'000;

// Prints what is wrong with a module read from stdin; the exit status tells a broken module (3)
// from a Python that could not start.
constexpr const char* kCompile =
    "import sys, warnings\n"
    "warnings.simplefilter('ignore')\n"
    "try:\n"
    "    compile(sys.stdin.buffer.read(), 'the file', 'exec', dont_inherit=True)\n"
    "except SyntaxError as e:\n"
    "    print(f'{type(e).__name__}: {e.msg} (line {e.lineno})')\n"
    "    sys.exit(3)\n"
    "except ValueError as e:\n"
    "    print(f'ValueError: {e}')\n"
    "    sys.exit(3)\n";
constexpr int kBroken = 3;

std::optional<std::string> python_error(const std::string& text, const Sandbox& sandbox,
                                        std::stop_token stop) {
  SandboxCommand command;
  command.argv = {"python3", "-I", "-S", "-c", kCompile};
  command.stdin_text = text;
  command.limits.wall = Milliseconds(10'000);
  const auto exit = sandbox.run(command, std::move(stop));
  if (!exit || exit->exit_code != kBroken) return std::nullopt;
  return one_line(exit->output, 300);
}

std::optional<std::string> json_error(const std::string& text) {
  auto json = parse_json(text, kMaxDepth);
  if (json) return std::nullopt;
  return json.error().message;
}

}  // namespace

std::optional<std::string> broken_syntax(std::string_view path,
                                         const std::optional<std::string>& before,
                                         const std::string& after, const Sandbox& sandbox,
                                         std::stop_token stop) {
  const auto error_in = [&](const std::string& text) -> std::optional<std::string> {
    if (path.ends_with(".py")) return python_error(text, sandbox, stop);
    if (path.ends_with(".json")) return json_error(text);
    return std::nullopt;
  };
  auto error = error_in(after);
  if (!error || (before && error_in(*before))) return std::nullopt;
  return error;
}

}  // namespace pareto
