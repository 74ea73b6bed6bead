#include "apps/cli/tools_command.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/io/system_clock.h"
#include "agent/text/nearest_name.h"
#include "apps/system/system.h"

namespace pareto {
namespace {

struct CallFlags {
  std::string tool;
  std::string arguments = "{}";
  std::string workspace;
  std::string corpus;
  std::string check;
};

// The registry without journal or models.
struct Tools {
  Config config;
  Loop loop;
  WorkerPool workers{loop};
  SystemClock clock;
  std::optional<Sandbox> sandbox;
  std::optional<CorpusCache> corpora;
  std::unique_ptr<ToolRegistry> registry;
};

Result<std::unique_ptr<Tools>> open_tools(const Globals& globals) {
  auto tools = std::make_unique<Tools>();
  auto config = load_config(globals);
  if (!config) return std::unexpected(config.error());
  tools->config = std::move(*config);
  auto sandbox = Sandbox::create({.unsafe_no_sandbox = tools->config.unsafe_no_sandbox});
  if (!sandbox) return std::unexpected(sandbox.error());
  tools->sandbox.emplace(std::move(*sandbox));
  tools->corpora.emplace(tools->config.state + "/corpora");
  auto registry = make_tools(tools->config, *tools->sandbox, *tools->corpora, tools->loop,
                             tools->workers, tools->clock);
  if (!registry) return std::unexpected(registry.error());
  tools->registry = std::move(*registry);
  return tools;
}

Json to_json(const ToolSpec& spec) {
  return {{"name", spec.name},
          {"description", spec.description},
          {"summary", spec.summary},
          {"parameters", spec.parameters ? *spec.parameters : Json::object()},
          {"idempotent", spec.replay == Replay::idempotent},
          {"reach", spec.reach == Reach::outside ? "outside" : "workspace"},
          {"seconds", static_cast<double>(spec.timeout.count()) / 1000}};
}

Result<int> list(const Globals& globals) {
  auto tools = open_tools(globals);
  if (!tools) return std::unexpected(tools.error());
  for (const ToolSpec& spec : (*tools)->registry->all()) {
    if (globals.json) {
      fmt::print("{}\n", dump_json(to_json(spec)));
    } else {
      fmt::print("{:<12} {}\n", spec.name, spec.summary);
    }
  }
  return kExitSuccess;
}

Result<const ToolSpec*> find(const Tools& tools, const std::string& name) {
  if (const ToolSpec* spec = tools.registry->find(name)) return spec;
  std::vector<std::string> names;
  for (const ToolSpec& spec : tools.registry->all()) names.push_back(spec.name);
  const auto nearest = nearest_name(name, names);
  return fail(ErrorCode::invalid,
              fmt::format("unknown tool \"{}\"{}", name,
                          nearest ? fmt::format("; did you mean \"{}\"?", *nearest) : ""));
}

Result<int> show(const Globals& globals, const std::string& name) {
  auto tools = open_tools(globals);
  if (!tools) return std::unexpected(tools.error());
  auto spec = find(**tools, name);
  if (!spec) return std::unexpected(spec.error());
  fmt::print("{}\n", to_json(**spec).dump(globals.json ? -1 : 2));
  return kExitSuccess;
}

Result<int> call(const Globals& globals, const CallFlags& flags) {
  auto tools = open_tools(globals);
  if (!tools) return std::unexpected(tools.error());
  auto spec = find(**tools, flags.tool);
  if (!spec) return std::unexpected(spec.error());
  std::error_code error;
  const auto absolute = [&error](const std::string& path) {
    return path.empty() ? path : std::filesystem::absolute(path, error).string();
  };
  const ToolResult result = (*tools)->registry->call(
      {.workspace = absolute(flags.workspace.empty() ? "." : flags.workspace),
       .corpus = absolute(flags.corpus),
       .check = {flags.check, (*spec)->timeout},
       .call = {.id = "call", .name = flags.tool, .arguments = flags.arguments},
       .deadline = Deadline::in((*spec)->timeout, (*tools)->clock.now()),
       .offered = {flags.tool}},
      {});
  if (globals.json) {
    fmt::print("{}\n", dump_json(pareto::to_json(result)));
  } else {
    fmt::print("{}\n", result.text);
  }
  if (result.status == ResultStatus::ok) return kExitSuccess;
  if (!globals.quiet) fmt::print(stderr, "pareto: {}\n", to_string(result.status));
  return result.status == ResultStatus::invalid_call ? kExitUsage : kExitFailed;
}

}  // namespace

void add_tools_command(CLI::App& app, const Globals& globals, int& status) {
  auto* tools = app.add_subcommand("tools", "What agents can use");
  tools->require_subcommand(1);
  tools->footer(
      "Examples:\n  pareto tools list\n"
      "  pareto tools call grep '{\"pattern\": \"main\"}' --workspace ./repo");
  const auto finish = [&status](Result<int> exit) {
    status = exit ? *exit : report_failed(exit.error());
  };
  auto flags = std::make_shared<CallFlags>();
  tools->add_subcommand("list", "Every tool")->callback([=, &globals] { finish(list(globals)); });
  auto* showing = tools->add_subcommand("show", "One tool with its JSON Schema");
  showing->add_option("tool", flags->tool, "Its name")->required();
  showing->callback([=, &globals] { finish(show(globals, flags->tool)); });
  auto* calling = tools->add_subcommand("call", "Run one tool with JSON arguments");
  calling->add_option("tool", flags->tool, "Its name")->required();
  calling->add_option("arguments", flags->arguments, "A JSON object");
  calling->add_option("--workspace", flags->workspace, "Folder to work in (default: this one)");
  calling->add_option("--corpus", flags->corpus, "Corpus of search and open");
  calling->add_option("--verify", flags->check, "Command of run_tests");
  calling->callback([=, &globals] { finish(call(globals, *flags)); });
}

}  // namespace pareto
