#include "apps/cli/run_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <climits>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/core/json_text.h"
#include "apps/cli/attended_run.h"
#include "apps/cli/dry_run.h"
#include "apps/system/system.h"
#include "apps/system/task_file.h"
#include "tools/output.h"

namespace pareto {
namespace {

struct RunFlags {
  std::string prompt;
  std::string task_file;
  std::string workspace;
  std::string mode = "auto";
  std::string model;
  std::string effort;
  std::string usd;
  std::string seconds;
  std::string verify;
  std::string memory = "on";
  std::string learn = "on";
  std::string approve;
  std::string events;
  std::vector<std::string> tools;
  int turns = -1;
  std::uint64_t seed = 0;
  bool seeded = false;
  bool dry_run = false;
};

Result<Task> read_task(const RunFlags& flags) {
  if (!flags.task_file.empty() && !flags.prompt.empty()) {
    return fail(ErrorCode::invalid, "give either a prompt or --task FILE, not both");
  }
  Task task;
  if (!flags.task_file.empty()) {
    auto read = task_from_file(flags.task_file);
    if (!read) return read;
    task = std::move(*read);
  } else {
    task.id = "prompt";
    task.prompt = flags.prompt;
    if (flags.prompt == "-") {
      std::stringstream all;
      all << std::cin.rdbuf();
      task.prompt = all.str();
    }
    // What is journaled is UTF-8; a run is resumed from what is journaled.
    task.prompt = to_valid_utf8(task.prompt);
    if (task.prompt.empty()) {
      return fail(ErrorCode::invalid,
                  "there is nothing to do: give a prompt, as in pareto run \"What is 17 * 23?\", "
                  "or --task FILE.json");
    }
  }
  if (!flags.verify.empty()) task.verify = CheckCommand{.command = flags.verify};
  if (!flags.tools.empty()) task.tools = flags.tools;
  return task;
}

Result<void> use_workspace(const std::string& folder, Task& task) {
  if (folder.empty()) return {};
  std::error_code error;
  const auto absolute = std::filesystem::canonical(folder, error);
  if (error || !std::filesystem::is_directory(absolute)) {
    return fail(ErrorCode::invalid, fmt::format("--workspace {}: no such folder", folder));
  }
  if (access(absolute.c_str(), R_OK | W_OK | X_OK) != 0) {
    return fail(ErrorCode::invalid,
                fmt::format("--workspace {}: the folder must be readable and writable", folder));
  }
  task.workspace = absolute.string();
  return {};
}

Result<Limits> flag_limits(const RunFlags& flags) {
  Json json = Json::object();
  if (!flags.usd.empty()) json["usd"] = flags.usd;
  if (flags.turns >= 0) json["turns"] = flags.turns;
  if (!flags.seconds.empty()) json["seconds"] = parse_json(flags.seconds).value_or(Json("?"));
  return limits_from_json(json);
}

Result<void> check_flags(const RunFlags& flags, const Config& config) {
  if (flags.mode != "auto") {
    if (auto mode = parse_mode(flags.mode); !mode) {
      return fail(ErrorCode::invalid,
                  fmt::format("--mode: expected auto, instant, reasoning or agentic; found \"{}\"",
                              flags.mode));
    }
  }
  if (!flags.effort.empty()) {
    if (auto effort = parse_effort(flags.effort); !effort) return std::unexpected(effort.error());
  }
  if (!flags.model.empty()) {
    if (auto model = find_model(config, flags.model); !model) return std::unexpected(model.error());
  }
  const std::string& approve = flags.approve;
  if (!approve.empty() && approve != "ask" && approve != "all" && approve != "none" &&
      !approve.starts_with("file:")) {
    return fail(ErrorCode::invalid, fmt::format("--approve: expected ask, all, none or file:PATH; "
                                                "found \"{}\"",
                                                approve));
  }
  return {};
}

Result<int> run(const RunFlags& flags, const Globals& globals) {
  auto config = load_config(globals);
  if (!config) return std::unexpected(config.error());
  if (auto good = check_flags(flags, *config); !good) return std::unexpected(good.error());
  auto task = read_task(flags);
  if (!task) return std::unexpected(task.error());
  if (auto used = use_workspace(flags.workspace, *task); !used) {
    return std::unexpected(used.error());
  }
  auto limits = flag_limits(flags);
  if (!limits) return std::unexpected(limits.error());

  SystemOptions options{.workspace_source = flags.workspace.empty() ? WorkspaceSource::copy
                                                                    : WorkspaceSource::in_place,
                        .memory = config->memory_on && flags.memory != "off"};
  if (!flags.model.empty()) options.models = {flags.model};
  if (flags.dry_run) options.missing_models = SystemOptions::MissingModels::leave_out;
  auto system = System::open(std::move(*config), std::move(options));
  if (!system) return std::unexpected(system.error());

  const Config& effective = (*system)->config();
  Started started{.run = RunId::make((*system)->clock().now(), (*system)->random()),
                  .task = std::move(*task),
                  .limits = {},
                  .asked_mode = flags.mode,
                  .asked_model = flags.model,
                  .asked_effort = flags.effort,
                  // JSON readers of other languages keep 53 bits.
                  .seed = flags.seeded ? flags.seed : (*system)->random().next() >> 11,
                  .origin = "run",
                  .config_hash = config_hash(effective),
                  .disabled_concerns = effective.disabled_concerns};
  started.limits = tightest(tightest(started.task.limits, *limits), effective.limits);
  if (auto specs = (*system)->tools().specs(started.task); !specs) {
    return std::unexpected(specs.error());
  }
  if (flags.dry_run) return dry_run(**system, globals, started);
  AttendedRun attended(
      **system, globals,
      {.events_file = flags.events,
       .approve = flags.approve.empty() ? effective.approve : flags.approve,
       .learn = effective.learn_on && flags.learn == "on" && flags.memory == "on",
       .asked_model = flags.model.empty() ? effective.default_model : flags.model});
  return attended.start(std::move(started));
}

constexpr const char* kExamples = R"(Examples:
  pareto run "What is 17 * 23?"
  pareto run "tests.py fails. Fix gcd.py." --workspace ./repo --verify "python3 tests.py"
  pareto run --task task.json --mode agentic --usd 0.05 --turns 20
  pareto run --task task.json --dry-run        shows the route and why, spends nothing)";

}  // namespace

void add_run_command(CLI::App& app, const Globals& globals, int& status) {
  auto* command = app.add_subcommand("run", "Work on one task");
  auto flags = std::make_shared<RunFlags>();
  command->footer(kExamples);
  command->add_option("prompt", flags->prompt, "What to do; - reads it from stdin");
  command->add_option("--task", flags->task_file, "A task file (JSON)");
  command->add_option("--workspace", flags->workspace, "Folder to work in; edited in place");
  command->add_option("--mode", flags->mode, "auto, instant, reasoning or agentic");
  command->add_option("--model", flags->model, "A configured model");
  command->add_option("--effort", flags->effort, "low, medium or high");
  command->add_option("--usd", flags->usd, "Most US dollars to spend, as in 0.05");
  command->add_option("--turns", flags->turns, "Most model turns")->check(CLI::Range(0, INT_MAX));
  command->add_option("--seconds", flags->seconds, "Most seconds of work");
  command->add_option("--verify", flags->verify, "Command that checks the work; exit 0 passes");
  command->add_option("--tool", flags->tools, "Offer this tool (repeatable)")
      ->take_all()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--memory", flags->memory, "on, off or read")
      ->check(CLI::IsMember({"on", "off", "read"}));
  command->add_option("--learn", flags->learn, "on or off")->check(CLI::IsMember({"on", "off"}));
  command->add_option("--approve", flags->approve, "ask, all, none or file:PATH");
  command->add_option("--events", flags->events, "Append every event to this file (JSON lines)");
  auto* seed = command->add_option("--seed", flags->seed, "Seed of the route's random draw");
  command->add_flag("--dry-run", flags->dry_run, "Show the route and why; spend nothing");
  command->callback([flags, seed, &globals, &status] {
    flags->seeded = seed->count() > 0;
    auto exit = run(*flags, globals);
    status = exit ? *exit : report(exit.error());
  });
}

}  // namespace pareto
