#include "apps/cli/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "agent/models/local/engine.h"
#include "agent/text/nearest_name.h"
#include "apps/cli/bench_command.h"
#include "apps/cli/config_command.h"
#include "apps/cli/doctor_command.h"
#include "apps/cli/globals.h"
#include "apps/cli/memory_command.h"
#include "apps/cli/models_command.h"
#include "apps/cli/policy_command.h"
#include "apps/cli/report_command.h"
#include "apps/cli/run_command.h"
#include "apps/cli/runs_command.h"
#include "apps/cli/serve_command.h"
#include "apps/cli/tools_command.h"

namespace pareto {
namespace {

void add_globals(CLI::App& app, Globals& globals, std::string& folder) {
  app.add_flag("--json", globals.json, "Machine-readable answer on stdout");
  app.add_flag("--quiet", globals.quiet, "No progress");
  app.add_flag("--verbose", globals.verbose, "More about what happens");
  app.add_flag("--unsafe-no-sandbox", globals.unsafe_no_sandbox,
               "Run commands without bubblewrap: they can do what you can");
  app.add_option("--state", globals.state, "Folder of runs and memory");
  app.add_option("-C", folder, "Change to this folder first");
}

// "did you mean" for a word that no command or flag of `app` is called.
std::string suggestion(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  const auto nearest = nearest_name(word, names);
  return nearest ? fmt::format("; did you mean \"{}\"?", *nearest) : "";
}

// The command that was being parsed, as deep as it went.
const CLI::App& deepest(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().back();
  return *at;
}

// `mistyped`: the first word that could have been a command, when none was recognised.
int usage_error(const CLI::App& app, const CLI::ParseError& error, const std::string& mistyped) {
  const CLI::App& command = deepest(app);
  std::string text = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !mistyped.empty()) {
    text = fmt::format("unknown command \"{}\"{}", mistyped, suggestion(command, mistyped));
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const auto extras = app.remaining(true);
    const std::string word = extras.empty() ? std::string() : extras.front();
    text =
        fmt::format("unknown {} \"{}\"{}", word.starts_with("-") ? "flag" : "command or argument",
                    word, suggestion(command, word));
  }
  fmt::print(stderr, "pareto: {}\nSee {} --help\n", text,
             command.get_parent() == nullptr ? "pareto" : "pareto " + command.get_name());
  return kExitUsage;
}

// The first argument that is no flag, below the commands that were recognised.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  const CLI::App& command = deepest(app);
  if (command.get_subcommands([](const CLI::App*) { return true; }).empty()) return "";
  bool reached = command.get_parent() == nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (reached && !word.starts_with("-")) return word;
    if (word == command.get_name()) reached = true;
  }
  return "";
}

}  // namespace

int run_cli(int argc, char** argv) {
  // The engine's parent is this very program under another first argument.
  if (argc > 1 && std::strcmp(argv[1], "engine-supervisor") == 0) {
    return supervisor_main(argc - 1, argv + 1);
  }
  CLI::App app("Runs agents that spend no more than the task deserves.", "pareto");
  app.set_version_flag("--version", PARETO_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  Globals globals;
  std::string folder;
  add_globals(app, globals, folder);
  // Callbacks of commands run last; by then the folder was changed.
  app.parse_complete_callback([&folder] {
    if (!folder.empty() && chdir(folder.c_str()) != 0) {
      throw CLI::ValidationError("-C", folder + ": " + std::strerror(errno));
    }
  });
  int status = kExitSuccess;
  add_run_command(app, globals, status);
  add_bench_command(app, globals, status);
  add_report_command(app, globals, status);
  add_runs_command(app, globals, status);
  add_serve_command(app, globals, status);
  add_models_command(app, globals, status);
  add_tools_command(app, globals, status);
  add_policy_command(app, globals, status);
  add_memory_command(app, globals, status);
  add_doctor_command(app, globals, status);
  add_config_command(app, globals, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error, unknown_command(app, argc, argv));
  }
  return status;
}

}  // namespace pareto
