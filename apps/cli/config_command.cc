#include "apps/cli/config_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "agent/core/json_text.h"

extern char** environ;

namespace pareto {
namespace {

Result<int> show(const Globals& globals) {
  auto config = load_config(globals);
  if (!config) return std::unexpected(config.error());
  Json json = Json::object();
  std::set<std::string> set;
  for (const Setting& setting : config->settings) {
    set.insert(setting.path);
    if (globals.json) {
      json[setting.path] = {{"value", setting.value}, {"origin", setting.origin}};
    } else {
      fmt::print("{:<34} {:<40} {}\n", setting.path, dump_json(setting.value), setting.origin);
    }
  }
  if (globals.json) {
    fmt::print("{}\n", dump_json(json));
    return kExitSuccess;
  }
  fmt::print("\nKeys that may be set too:\n");
  for (const std::string& key : config_keys()) {
    if (!set.contains(key)) fmt::print("  {}\n", key);
  }
  return kExitSuccess;
}

int paths() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  for (const std::string& file : config_files(environment)) fmt::print("{}\n", file);
  return kExitSuccess;
}

}  // namespace

void add_config_command(CLI::App& app, const Globals& globals, int& status) {
  auto* config = app.add_subcommand("config", "The effective configuration");
  config->require_subcommand(1);
  config->footer("Examples:\n  pareto config show\n  pareto config path");
  config->add_subcommand("show", "Every value with where it comes from")
      ->callback([&globals, &status] {
        auto exit = show(globals);
        status = exit ? *exit : report_failed(exit.error());
      });
  config->add_subcommand("path", "The files that are read, later ones winning")
      ->callback([&status] { status = paths(); });
  config->add_subcommand("check", "Say whether everything is in order")
      ->callback([&globals, &status] {
        auto loaded = load_config(globals);
        status = loaded ? kExitSuccess : report_failed(loaded.error());
        if (loaded && !globals.quiet) fmt::print("The configuration is in order.\n");
      });
}

}  // namespace pareto
