#include "apps/system/system.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "apps/system/learned_router.h"
#include "apps/system/model_factory.h"
#include "apps/system/policy_router.h"
#include "policies/concerns/catalogue.h"
#include "policies/routing/router.h"
#include "tools/catalogue.h"
#include "tools/plugin/c_plugin.h"
#include "tools/plugin/exec_plugin.h"

namespace pareto {
namespace {

std::vector<std::string> local_models(const Config& config) {
  std::vector<std::string> names;
  for (const auto& [name, model] : config.models) {
    if (model.engine != "openai") names.push_back(name);
  }
  return names;
}

// The program of a plugin, which runs without arguments of its own.
Result<std::string> program_of(const PluginConfig& plugin) {
  std::error_code error;
  const auto path = plugin.command.size() == 1
                        ? std::filesystem::canonical(plugin.command.front(), error)
                        : std::filesystem::path();
  if (path.empty() || error) {
    return fail(
        ErrorCode::invalid,
        fmt::format("tools.exec.{}.command: expected one program that exists; found {}",
                    plugin.name, plugin.command.empty() ? "nothing" : plugin.command.front()));
  }
  return path.string();
}

}  // namespace

System::System(Config config, SystemOptions options)
    : config_(std::move(config)), options_(std::move(options)), http_(loop_) {
  workers_.emplace(loop_);
}

// What runs and their work in threads use outlives them: a run may be under way.
System::~System() {
  runner_.reset();
  workers_.reset();
}

Result<std::unique_ptr<System>> System::open(Config config, SystemOptions options) {
  std::unique_ptr<System> system(new System(std::move(config), std::move(options)));
  if (auto assembled = system->assemble(); !assembled) return std::unexpected(assembled.error());
  return system;
}

Result<void> System::assemble() {
  if (auto added = add_models(); !added) return added;
  auto sandbox = Sandbox::create({.unsafe_no_sandbox = config_.unsafe_no_sandbox});
  if (!sandbox) return std::unexpected(sandbox.error());
  sandbox_.emplace(std::move(*sandbox));

  auto writer = SqliteWriter::open(loop_, config_.state + "/pareto.db");
  if (!writer) return std::unexpected(writer.error());
  writer_ = std::move(*writer);
  auto journal = SqliteJournal::open(*writer_);
  if (!journal) return std::unexpected(journal.error());
  journal_ = std::move(*journal);
  auto leases = Leases::open(*writer_);
  if (!leases) return std::unexpected(leases.error());
  leases_ = std::move(*leases);

  corpora_.emplace(config_.state + "/corpora");
  auto tools = make_tools(config_, *sandbox_, *corpora_, loop_, *workers_, clock_);
  if (!tools) return std::unexpected(tools.error());
  tools_ = std::move(*tools);
  workbench_ =
      std::make_unique<LocalWorkbench>(WorkbenchOptions{.state_folder = config_.state,
                                                        .source = options_.workspace_source,
                                                        .verifying = options_.verifying},
                                       *sandbox_, *corpora_, *workers_, clock_);
  if (options_.memory) {
    MemoryOptions memory_options;
    if (options_.forget_same_task) memory_options.same_task = MemoryOptions::SameTask::left_out;
    auto memory = ExperienceMemory::open(*writer_, *workers_, clock_, memory_options);
    if (!memory) return std::unexpected(memory.error());
    memory_ = std::move(*memory);
  }
  auto active = concerns(config_.concern_order, config_.disabled_concerns);
  if (!active) return std::unexpected(active.error());
  auto router = make_router();
  if (!router) return std::unexpected(router.error());
  router_ = std::make_unique<PolicyRouter>(std::move(*router), config_.policy_models);
  std::vector<Model*> models;
  for (const auto& model : models_) models.push_back(model.get());
  runner_ = std::make_unique<Runner>(RunnerPorts{.journal = *journal_,
                                                 .toolbox = *tools_,
                                                 .workbench = *workbench_,
                                                 .router = *router_,
                                                 .memory = memory_.get(),
                                                 .planners = {&instant_, &reasoning_, &agentic_},
                                                 .concerns = std::move(*active),
                                                 .models = std::move(models),
                                                 .clock = clock_,
                                                 .random = random_});
  return {};
}

Result<void> System::add_models() {
  std::shared_ptr<Cassette> record;
  std::shared_ptr<Cassette> replay;
  if (!options_.record.empty()) {
    auto cassette = Cassette::record(options_.record);
    if (!cassette) return std::unexpected(cassette.error());
    record = std::move(*cassette);
  } else if (!options_.cassette.empty()) {
    auto cassette = Cassette::open(options_.cassette);
    if (!cassette) return std::unexpected(cassette.error());
    replay = std::move(*cassette);
  }
  const ModelPorts ports{loop_, http_, *workers_, clock_, random_, record};
  const auto& names = options_.models.empty() ? config_.policy_models : options_.models;
  for (const std::string& name : names) {
    auto config = find_model(config_, name);
    if (!config) return std::unexpected(config.error());
    Result<std::unique_ptr<Model>> model;
    if (replay) {
      auto info = model_info(*config);
      if (!info) return std::unexpected(info.error());
      model = std::make_unique<CassetteModel>(replay, std::move(*info), loop_);
    } else {
      model = make_model(*config, config_, ports);
    }
    if (model) {
      models_.push_back(std::move(*model));
    } else if (options_.missing_models == SystemOptions::MissingModels::refuse) {
      return std::unexpected(model.error());
    } else {
      model_errors_[name] = model.error();
    }
  }
  return {};
}

Result<std::unique_ptr<Router>> System::make_router() const {
  RouterOptions options{.quality_weight = config_.quality_weight,
                        .exploration = config_.exploration,
                        .local_models = local_models(config_)};
  if (!memory_) return std::make_unique<PriorRouter>(std::move(options));
  return LearnedRouter::open(std::move(options), writer_->path());
}

std::vector<ModelInfo> System::models() const {
  std::vector<ModelInfo> infos;
  for (const auto& model : models_) infos.push_back(model->info());
  return infos;
}

Result<std::unique_ptr<ToolRegistry>> make_tools(const Config& config, const Sandbox& sandbox,
                                                 CorpusCache& corpora, Loop& loop,
                                                 WorkerPool& workers, const Clock& clock) {
  std::vector<std::shared_ptr<Tool>> tools = builtin_tools({sandbox, corpora});
  for (const auto& [name, plugin] : config.exec_tools) {
    auto program = program_of(plugin);
    if (!program) return std::unexpected(program.error());
    auto loaded = load_exec_plugin({.name = name, .program = *program}, sandbox);
    if (!loaded) return std::unexpected(loaded.error());
    std::ranges::move(*loaded, std::back_inserter(tools));
  }
  for (const auto& [name, plugin] : config.c_tools) {
    auto loaded = load_c_plugin({.name = name, .library = plugin.library, .sha256 = plugin.sha256});
    if (!loaded) return std::unexpected(loaded.error());
    std::ranges::move(*loaded, std::back_inserter(tools));
  }
  return ToolRegistry::make(std::move(tools), loop, workers, clock);
}

}  // namespace pareto
