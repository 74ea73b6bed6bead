#include "apps/system/model_factory.h"

#include <fmt/format.h>

#include <cstdlib>

#include "agent/models/local/catalogue.h"
#include "agent/models/openai_model.h"
#include "agent/models/scripted_model.h"
#include "apps/system/local_engine.h"

namespace pareto {
namespace {

Result<WeightsEntry> weights_of(const ModelConfig& model) {
  auto catalogue = Catalogue::built_in();
  if (!catalogue) return std::unexpected(catalogue.error());
  return catalogue->find(model.weights);
}

std::unexpected<Error> missing(const ModelConfig& model, std::string_view key) {
  return fail(ErrorCode::invalid,
              fmt::format("models.{}: engine \"{}\" needs `{}`", model.name, model.engine, key));
}

ReasoningControl reasoning_of(const ModelConfig& model) {
  if (model.reasoning == "effort") return ReasoningControl::effort;
  if (model.reasoning == "budget") return ReasoningControl::budget;
  return ReasoningControl::none;
}

Result<std::unique_ptr<Model>> make_openai(const ModelConfig& model, const Config& config,
                                           ModelInfo info, const ModelPorts& ports) {
  OpenaiOptions options{.info = std::move(info),
                        .model = model.model,
                        .base_url = model.base_url,
                        .api_key_env = model.api_key_env,
                        .reasoning = reasoning_of(model),
                        .temperature = model.temperature};
  BaseUrlResolver resolver;
  if (model.engine == "llama") {
    options.llama = true;
    options.share_prompts = config.share_prompts;
    if (model.base_url.empty()) {
      auto weights = weights_of(model);
      if (!weights) return std::unexpected(weights.error());
      auto engine = local_engine(*weights, options.info.context, config, ports.workers);
      if (!engine) return std::unexpected(engine.error());
      resolver = std::move(*engine);
    }
  } else if (model.base_url.empty()) {
    return missing(model, "base_url");
  }
  if (!model.api_key_env.empty()) {
    const char* key = std::getenv(model.api_key_env.c_str());
    if (key == nullptr || *key == '\0') {
      return fail(ErrorCode::denied,
                  fmt::format("models.{}: the variable {} holds no key; export it first",
                              model.name, model.api_key_env));
    }
    options.api_key = key;
  }
  auto client = OpenaiModel::make(std::move(options), {.loop = ports.loop,
                                                       .http = ports.http,
                                                       .clock = ports.clock,
                                                       .random = ports.random,
                                                       .resolve_base_url = std::move(resolver)});
  if (!client) return std::unexpected(client.error());
  return std::unique_ptr<Model>(std::move(*client));
}

Result<std::unique_ptr<Model>> make_inner(const ModelConfig& model, const Config& config,
                                          const ModelPorts& ports) {
  auto info = model_info(model);
  if (!info) return std::unexpected(info.error());
  if (model.engine == "scripted") {
    if (model.script.empty()) return missing(model, "script");
    auto scripted = ScriptedModel::load(std::move(*info), model.script, ports.loop);
    if (!scripted) return std::unexpected(scripted.error());
    return std::unique_ptr<Model>(std::move(*scripted));
  }
  if (model.engine == "cassette") {
    if (model.cassette.empty()) return missing(model, "cassette");
    auto cassette = Cassette::open(model.cassette);
    if (!cassette) return std::unexpected(cassette.error());
    return std::make_unique<CassetteModel>(std::move(*cassette), std::move(*info), ports.loop);
  }
  return make_openai(model, config, std::move(*info), ports);
}

}  // namespace

Result<ModelInfo> model_info(const ModelConfig& model) {
  ModelInfo info{.name = model.name};
  if (model.engine == "llama" && !model.weights.empty()) {
    auto weights = weights_of(model);
    if (!weights) return std::unexpected(weights.error());
    // Half of what the weights were trained for: a slot's memory is paid whether used or not.
    info.context = weights->context / 2;
    info.price = weights->price;
    info.tools = weights->tools;
    info.small = true;
  } else if (model.engine == "llama" && model.base_url.empty()) {
    return missing(model, "weights");
  }
  auto price = price_of(model);
  if (!price) return std::unexpected(price.error());
  if (*price) info.price = **price;
  if (model.context) info.context = *model.context;
  if (model.max_output_tokens) info.max_output_tokens = *model.max_output_tokens;
  if (model.tools) info.tools = *model.tools;
  if (model.small) info.small = *model.small;
  return info;
}

Result<std::unique_ptr<Model>> make_model(const ModelConfig& model, const Config& config,
                                          const ModelPorts& ports) {
  auto inner = make_inner(model, config, ports);
  if (!inner || !ports.cassette) return inner;
  return std::make_unique<CassetteModel>(ports.cassette, std::move(*inner));
}

}  // namespace pareto
