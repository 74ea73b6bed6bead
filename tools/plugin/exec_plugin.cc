#include "tools/plugin/exec_plugin.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/json_text.h"
#include "tools/builtin/builtin_tool.h"
#include "tools/builtin/paths.h"
#include "tools/builtin/sandbox_call.h"
#include "tools/output.h"
#include "tools/plugin/described.h"
#include "tools/sandbox/sandbox.h"

namespace pareto {
namespace {

constexpr const char* kMount = "/plugin";
constexpr Milliseconds kDescribeTime{10'000};

SandboxCommand command_of(const ExecPluginOptions& options, Milliseconds wall) {
  const std::filesystem::path program(options.program);
  SandboxCommand command;
  command.argv = {fmt::format("{}/{}", kMount, program.filename().string())};
  command.read_only = {{program.parent_path().string(), kMount}};
  command.stdout_bytes = kMaxPluginBytes;
  command.limits.wall = wall;
  command.limits.printed_bytes = 8 * kMaxPluginBytes;
  return command;
}

class ExecTool : public BuiltinTool {
 public:
  ExecTool(ToolSpec spec, ExecPluginOptions options, const Sandbox& sandbox)
      : BuiltinTool(std::move(spec)), options_(std::move(options)), sandbox_(sandbox) {}

  bool offered(const Task&) const override { return true; }

  ToolResult call(const Json& arguments, const ToolContext& context) override {
    const Milliseconds left = context.deadline.left(context.clock.now());
    SandboxCommand command = command_of(options_, std::max(left, Milliseconds(1)));
    command.workspace = context.workspace;
    command.protected_paths = guarded_paths(context.workspace);
    command.stdin_text = dump_json({{"tool", spec().name}, {"arguments", arguments}}) + "\n";
    const ChangeWatch watch(context.workspace);
    auto exit = sandbox_.run(command, context.stop);
    ToolResult result = exit ? reply_of(*exit) : sandbox_error(exit.error());
    const std::vector<std::string> changed = watch.changed();
    result.changed_workspace = !changed.empty();
    if (result.paths.empty()) result.paths = changed;
    return result;
  }

 private:
  ToolResult reply_of(const SandboxExit& exit) const {
    if (exit.timed_out) {
      return {.status = ResultStatus::timed_out,
              .text = fmt::format("{} did not answer in time ({}).", spec().name, ending_of(exit))};
    }
    if (!exit.ok()) {
      return tool_error(fmt::format("{} failed ({}): {}", spec().name, ending_of(exit),
                                    clip_output(exit.output, 500, 1'500)));
    }
    if (exit.stdout_cut)
      return tool_error(spec().name + " printed more than 1 MB; nothing was read.");
    auto reply = read_reply(exit.stdout_text);
    if (reply) return std::move(*reply);
    return tool_error(fmt::format("{} answered what makes no sense: {}. Try another way.",
                                  spec().name, reply.error().message));
  }

  static ToolResult sandbox_error(const Error& error) {
    if (error.code == ErrorCode::cancelled) {
      return {.status = ResultStatus::cancelled, .text = "Cancelled."};
    }
    return tool_error(fmt::format("The sandbox failed: {}.", error.message));
  }

  ExecPluginOptions options_;
  const Sandbox& sandbox_;
};

}  // namespace

Result<std::vector<std::shared_ptr<Tool>>> load_exec_plugin(const ExecPluginOptions& options,
                                                            const Sandbox& sandbox) {
  const auto wrong = [&options](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("plugin {} ({}): {}", options.name, options.program, why));
  };
  const std::filesystem::path program(options.program);
  if (!program.is_absolute()) return wrong(ErrorCode::invalid, "expected an absolute path");
  if (::access(program.c_str(), X_OK) != 0) {
    return wrong(ErrorCode::not_found, "there is no such program, or it is not executable");
  }
  SandboxCommand command = command_of(options, kDescribeTime);
  command.argv.push_back("--describe");
  auto exit = sandbox.run(command, {});
  if (!exit) return wrong(exit.error().code, exit.error().message);
  if (!exit->ok()) {
    return wrong(ErrorCode::protocol, fmt::format("--describe failed ({}): {}", ending_of(*exit),
                                                  clip_output(exit->output, 200, 300)));
  }
  if (exit->stdout_cut) return wrong(ErrorCode::protocol, "--describe printed more than 1 MB");
  auto specs = read_described(exit->stdout_text);
  if (!specs) return wrong(specs.error().code, specs.error().message);
  std::vector<std::shared_ptr<Tool>> tools;
  for (ToolSpec& spec : *specs) {
    tools.push_back(std::make_shared<ExecTool>(std::move(spec), options, sandbox));
  }
  return tools;
}

}  // namespace pareto
