#include "apps/cli/doctor_command.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/io/system_clock.h"
#include "agent/models/local/cache_dir.h"
#include "agent/models/local/catalogue.h"
#include "agent/models/local/engine.h"
#include "agent/models/local/weights.h"
#include "apps/cli/store_access.h"
#include "tools/sandbox/sandbox.h"

namespace pareto {
namespace {

constexpr rlim_t kEnoughFiles = 1024;
constexpr std::int64_t kPlausibleMs = 1'700'000'000'000;  // a clock before 2023 is wrong

struct Finding {
  std::string what;
  bool good = false;
  bool required = true;
  std::string detail;
  std::string advice;
};

void check_sandbox(const Config& config, std::vector<Finding>& findings) {
  for (const SandboxProbe& probe :
       Sandbox::probe({.unsafe_no_sandbox = config.unsafe_no_sandbox})) {
    findings.push_back(
        {"sandbox: " + probe.layer, probe.available, probe.required, probe.detail, probe.advice});
  }
}

void check_local_model(const Config& config, std::vector<Finding>& findings) {
  const auto catalogue = Catalogue::built_in();
  const auto cache = default_cache_dir();
  if (!catalogue || !cache) {
    findings.push_back({"cache folder", false, true,
                        cache ? catalogue.error().message : cache.error().message, "set HOME"});
    return;
  }
  const auto command = Engine::locate({.cache_dir = *cache, .llama_server = config.llama_server});
  findings.push_back({"local engine", command.has_value(), false,
                      command ? to_string(command->kind) : command.error().message,
                      command ? "" : "pareto models engine install"});
  for (const auto& [name, model] : config.models) {
    if (model.engine != "llama" || model.weights.empty()) continue;
    const auto entry = catalogue->find(model.weights);
    const bool here = entry && WeightsStore(*cache).is_present(*entry);
    findings.push_back({"weights of model " + name, here, false,
                        entry ? entry->name : entry.error().message,
                        here ? "" : "pareto models pull " + model.weights});
  }
}

void check_database(const Globals& globals, std::vector<Finding>& findings) {
  auto store = open_store(globals);
  if (!store) {
    findings.push_back({"state file", false, true, store.error().message, ""});
    return;
  }
  const auto damage = store->journal->check();
  const bool sound = damage && damage->empty();
  findings.push_back({"state file", sound, true, store->writer->path(), ""});
  if (damage) {
    for (const Error& error : *damage) {
      findings.push_back({"journal", false, true, error.message, "export the run, then remove it"});
    }
  }
}

std::vector<Finding> examine(const Config& config, const Globals& globals) {
  std::vector<Finding> findings;
  check_sandbox(config, findings);
  check_local_model(config, findings);
  check_database(globals, findings);
  const std::int64_t now = to_ms(SystemClock().now());
  findings.push_back({"clock", now > kPlausibleMs, true, fmt::format("{} ms since 1970", now),
                      now > kPlausibleMs ? "" : "set the system's clock"});
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const bool enough = files.rlim_cur >= kEnoughFiles;
  findings.push_back({"open files", enough, false, fmt::format("{} allowed", files.rlim_cur),
                      enough ? "" : "ulimit -n 4096"});
  return findings;
}

Result<int> doctor(const Globals& globals) {
  auto config = load_config(globals);
  if (!config) return std::unexpected(config.error());
  bool healthy = true;
  Json json = Json::array();
  for (const Finding& finding : examine(*config, globals)) {
    if (finding.required && !finding.good) healthy = false;
    if (globals.json) {
      json.push_back({{"what", finding.what},
                      {"good", finding.good},
                      {"required", finding.required},
                      {"detail", finding.detail},
                      {"advice", finding.advice}});
      continue;
    }
    fmt::print("{:<8} {:<28} {}\n",
               finding.good       ? "ok"
               : finding.required ? "MISSING"
                                  : "absent",
               finding.what, finding.detail);
    if (!finding.good && !finding.advice.empty()) fmt::print("         -> {}\n", finding.advice);
  }
  if (globals.json) fmt::print("{}\n", dump_json(json));
  return healthy ? kExitSuccess : kExitFailed;
}

}  // namespace

void add_doctor_command(CLI::App& app, const Globals& globals, int& status) {
  auto* command = app.add_subcommand("doctor", "Check what runs need");
  command->footer("Example:\n  pareto doctor");
  command->callback([&globals, &status] {
    auto exit = doctor(globals);
    status = exit ? *exit : report_failed(exit.error());
  });
}

}  // namespace pareto
