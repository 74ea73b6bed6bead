#include "apps/cli/models_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/core/json_text.h"
#include "agent/io/system_clock.h"
#include "agent/io/system_random.h"
#include "agent/models/dialect_probe.h"
#include "agent/models/local/cache_dir.h"
#include "agent/models/local/catalogue.h"
#include "agent/models/local/engine.h"
#include "agent/models/local/engine_install.h"
#include "agent/models/local/weights.h"
#include "apps/system/model_factory.h"

namespace pareto {
namespace {

constexpr Milliseconds kProbeTime{600'000};

struct Cache {
  Catalogue catalogue;
  std::string folder;
};

Result<Cache> open_cache() {
  auto catalogue = Catalogue::built_in();
  if (!catalogue) return std::unexpected(catalogue.error());
  auto folder = default_cache_dir();
  if (!folder) return std::unexpected(folder.error());
  return Cache{std::move(*catalogue), std::move(*folder)};
}

Result<int> list(const Globals& globals) {
  auto config = load_config(globals);
  if (!config) return std::unexpected(config.error());
  auto cache = open_cache();
  if (!cache) return std::unexpected(cache.error());
  const WeightsStore store(cache->folder);
  Json models = Json::array();
  for (const auto& [name, model] : config->models) {
    auto info = model_info(model);
    if (!info) return std::unexpected(info.error());
    Json json = {{"name", name},
                 {"engine", model.engine},
                 {"weights", model.weights},
                 {"context", info->context},
                 {"tools", to_string(info->tools)},
                 {"price", nullptr}};
    if (info->price) {
      json["price"] = {{"input", info->price->input.to_string()},
                       {"cached_input", info->price->cached_input.to_string()},
                       {"output", info->price->output.to_string()}};
    }
    models.push_back(std::move(json));
  }
  Json weights = Json::array();
  for (const WeightsEntry& entry : cache->catalogue.entries()) {
    weights.push_back({{"name", entry.name},
                       {"present", store.is_present(entry)},
                       {"bytes", entry.bytes},
                       {"licence", entry.licence}});
  }
  if (globals.json) {
    fmt::print("{}\n", dump_json(Json{{"models", models}, {"weights", weights}}));
    return kExitSuccess;
  }
  for (const Json& model : models) {
    const std::string price = model["price"].is_null()
                                  ? "unknown price"
                                  : fmt::format("{} / {} USD per million tokens",
                                                model["price"]["input"].get<std::string>(),
                                                model["price"]["output"].get<std::string>());
    fmt::print("{:<12} {:<9} {:<20} context {:>7}, {} tools, {}\n",
               model["name"].get<std::string>(), model["engine"].get<std::string>(),
               model["weights"].get<std::string>(), model["context"].get<std::int64_t>(),
               model["tools"].get<std::string>(), price);
  }
  fmt::print("\nWeights:\n");
  for (const Json& entry : weights) {
    fmt::print("  {:<22} {:>5} MB  {:<12} {}\n", entry["name"].get<std::string>(),
               entry["bytes"].get<std::int64_t>() / 1'000'000, entry["licence"].get<std::string>(),
               entry["present"].get<bool>()
                   ? "here"
                   : "not here: pareto models pull " + entry["name"].get<std::string>());
  }
  return kExitSuccess;
}

// A bar on a terminal, else a line now and then.
class Bar {
 public:
  explicit Bar(const Globals& globals) : quiet_(globals.quiet), lively_(lively(globals)) {}

  void show(const PullProgress& progress) {
    if (quiet_) return;
    if (!progress.note.empty()) {
      clear();
      fmt::print(stderr, "{}\n", progress.note);
    }
    if (!lively_ || progress.total <= 0) return;
    const int percent = static_cast<int>(100 * progress.done / progress.total);
    if (percent == shown_) return;
    shown_ = percent;
    fmt::print(stderr, "\r\033[K[{:<50}] {:>3} % of {} MB from {}", std::string(percent / 2, '#'),
               percent, progress.total / 1'000'000, progress.source);
    std::fflush(stderr);
  }
  void clear() {
    if (lively_ && shown_ >= 0) fmt::print(stderr, "\r\033[K");
    shown_ = -1;
  }

 private:
  bool quiet_;
  bool lively_;
  int shown_ = -1;
};

Result<int> pull(const Globals& globals, const std::string& name) {
  auto cache = open_cache();
  if (!cache) return std::unexpected(cache.error());
  auto entry = cache->catalogue.find(name);
  if (!entry) return fail(ErrorCode::invalid, entry.error().message);
  const WeightsStore store(cache->folder);
  Bar bar(globals);
  auto done = store.pull(*entry, {}, [&bar](const PullProgress& p) { bar.show(p); });
  bar.clear();
  if (!done) return std::unexpected(done.error());
  if (!globals.quiet) fmt::print(stderr, "{} is here, verified.\n", entry->name);
  fmt::print("{}\n", store.path_of(*entry));
  return kExitSuccess;
}

Result<int> remove(const Globals& globals, const std::string& name) {
  auto cache = open_cache();
  if (!cache) return std::unexpected(cache.error());
  auto entry = cache->catalogue.find(name);
  if (!entry) return fail(ErrorCode::invalid, entry.error().message);
  auto removed = WeightsStore(cache->folder).remove(*entry);
  if (!removed) return std::unexpected(removed.error());
  if (!globals.quiet) {
    fmt::print(stderr, "{}\n", *removed ? "Removed." : "There was nothing to remove.");
  }
  return kExitSuccess;
}

Result<int> engine(const Globals& globals, const std::string& what) {
  auto cache = open_cache();
  if (!cache) return std::unexpected(cache.error());
  if (what == "install") {
    const auto say = [&globals](const std::string& line) {
      if (!globals.quiet) fmt::print(stderr, "{}\n", line);
    };
    if (auto done = install_engine(cache->folder, cache->catalogue.engine(), {}, say); !done) {
      return std::unexpected(done.error());
    }
  } else if (what == "remove") {
    if (auto done = remove_engine(cache->folder); !done) return std::unexpected(done.error());
  } else if (what == "stop") {
    fmt::print("{} idle engines stopped\n", Engine::stop_idle(cache->folder));
  } else {
    auto config = load_config(globals);
    if (!config) return std::unexpected(config.error());
    auto command =
        Engine::locate({.cache_dir = cache->folder, .llama_server = config->llama_server});
    fmt::print("engine: {}\n", command ? to_string(command->kind) : command.error().message);
    for (const EngineStatus& status : Engine::running(cache->folder)) {
      fmt::print("running: port {}, process {}, {}\n", status.port, status.pid,
                 status.spec.weights);
    }
  }
  return kExitSuccess;
}

Result<int> test(const Globals& globals, const std::string& name) {
  auto config = load_config(globals);
  if (!config) return std::unexpected(config.error());
  auto model = find_model(*config, name);
  if (!model) return std::unexpected(model.error());
  Loop loop;
  HttpClient http(loop);
  WorkerPool workers(loop);
  const SystemClock clock;
  SystemRandom random;
  const ModelPorts ports{loop, http, workers, clock, random, nullptr};
  std::optional<std::vector<DialectFinding>> findings;
  const auto operation = probe_dialects(
      loop,
      [&](ToolDialect dialect) {
        model->tools = dialect;
        return make_model(*model, *config, ports);
      },
      Deadline::in(kProbeTime, clock.now()),
      [&findings](std::vector<DialectFinding> found) { findings = std::move(found); });
  loop.run_until([&findings] { return findings.has_value(); });
  bool any = false;
  for (const DialectFinding& finding : findings.value_or(std::vector<DialectFinding>())) {
    any |= finding.works;
    fmt::print("{:<7} {:<6} {:.1f} s  {}\n", to_string(finding.dialect),
               finding.works ? "works" : "fails", static_cast<double>(finding.took.count()) / 1000,
               finding.detail);
  }
  return any ? kExitSuccess : kExitFailed;
}

}  // namespace

void add_models_command(CLI::App& app, const Globals& globals, int& status) {
  auto* models = app.add_subcommand("models", "Models, weights and the local engine");
  models->require_subcommand(1);
  models->footer(
      "Examples:\n  pareto models list\n  pareto models pull qwen2.5-coder-1.5b\n"
      "  pareto models engine install\n  pareto models test local");
  auto name = std::make_shared<std::string>();
  const auto finish = [&status](Result<int> exit) {
    status = exit ? *exit : report_failed(exit.error());
  };
  models->add_subcommand("list", "What is configured and which weights are here")
      ->callback([=, &globals] { finish(list(globals)); });
  auto* pulling = models->add_subcommand("pull", "Download weights, verified");
  pulling->add_option("name", *name, "A catalogue entry")->required();
  pulling->callback([=, &globals] { finish(pull(globals, *name)); });
  auto* removing = models->add_subcommand("remove", "Remove weights");
  removing->add_option("name", *name, "A catalogue entry")->required();
  removing->callback([=, &globals] { finish(remove(globals, *name)); });
  auto* engines =
      models->add_subcommand("engine", "The local engine: status, install, remove, stop");
  engines->add_option("what", *name, "status, install, remove or stop")
      ->default_str("status")
      ->check(CLI::IsMember({"status", "install", "remove", "stop"}));
  engines->callback([=, &globals] { finish(engine(globals, *name)); });
  auto* testing = models->add_subcommand("test", "Find out how a model takes tool calls");
  testing->add_option("name", *name, "A configured model")->required();
  testing->callback([=, &globals] { finish(test(globals, *name)); });
}

}  // namespace pareto
