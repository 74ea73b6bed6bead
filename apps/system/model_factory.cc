#include "apps/system/model_factory.h"

#include <fmt/format.h>

#include <cstdlib>

#include "agent/models/local/catalogue.h"
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
                                           const ModelPorts& ports) {
  auto endpoint = model_endpoint(model, config, ports);
  if (!endpoint) return std::unexpected(endpoint.error());
  OpenaiOptions options{.info = std::move(endpoint->info),
                        .model = std::move(endpoint->model),
                        .base_url = std::move(endpoint->base_url),
                        .api_key = std::move(endpoint->api_key),
                        .api_key_env = std::move(endpoint->api_key_env),
                        .reasoning = reasoning_of(model),
                        .temperature = endpoint->temperature,
                        .llama = endpoint->llama,
                        .share_prompts = endpoint->share_prompts};
  auto client =
      OpenaiModel::make(std::move(options), {.loop = ports.loop,
                                             .http = ports.http,
                                             .clock = ports.clock,
                                             .random = ports.random,
                                             .resolve_base_url = endpoint->resolve_base_url});
  if (!client) return std::unexpected(client.error());
  return std::unique_ptr<Model>(std::move(*client));
}

Result<std::unique_ptr<Model>> make_inner(const ModelConfig& model, const Config& config,
                                          const ModelPorts& ports) {
  if (model.engine != "scripted" && model.engine != "cassette") {
    return make_openai(model, config, ports);
  }
  auto info = model_info(model);
  if (!info) return std::unexpected(info.error());
  if (model.engine == "scripted") {
    if (model.script.empty()) return missing(model, "script");
    auto scripted = ScriptedModel::load(std::move(*info), model.script, ports.loop);
    if (!scripted) return std::unexpected(scripted.error());
    return std::unique_ptr<Model>(std::move(*scripted));
  }
  if (model.cassette.empty()) return missing(model, "cassette");
  auto cassette = Cassette::open(model.cassette);
  if (!cassette) return std::unexpected(cassette.error());
  return std::make_unique<CassetteModel>(std::move(*cassette), std::move(*info), ports.loop);
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

Result<ModelEndpoint> model_endpoint(const ModelConfig& model, const Config& config,
                                     const ModelPorts& ports) {
  if (model.engine != "openai" && model.engine != "llama") {
    return fail(ErrorCode::invalid,
                fmt::format("models.{}: engine \"{}\" has no endpoint; expected "
                            "openai or llama",
                            model.name, model.engine));
  }
  auto info = model_info(model);
  if (!info) return std::unexpected(info.error());
  ModelEndpoint endpoint{.info = std::move(*info),
                         .model = model.model,
                         .base_url = model.base_url,
                         .api_key_env = model.api_key_env,
                         .temperature = model.temperature,
                         .llama = model.engine == "llama",
                         .share_prompts = config.share_prompts,
                         .max_completion_tokens = model.reasoning == "effort"};
  if (!endpoint.temperature && endpoint.llama) endpoint.temperature = 0;
  if (endpoint.model.empty()) endpoint.model = model.name;
  while (endpoint.base_url.ends_with('/')) endpoint.base_url.pop_back();
  if (endpoint.base_url.empty()) {
    if (model.engine != "llama") return missing(model, "base_url");
    auto weights = weights_of(model);
    if (!weights) return std::unexpected(weights.error());
    auto engine = local_engine(*weights, endpoint.info.context, config, ports.workers);
    if (!engine) return std::unexpected(engine.error());
    endpoint.resolve_base_url = std::move(*engine);
  }
  if (!model.api_key_env.empty()) {
    const char* key = std::getenv(model.api_key_env.c_str());
    if (key == nullptr || *key == '\0') {
      return fail(ErrorCode::denied,
                  fmt::format("models.{}: the variable {} holds no key; export it first",
                              model.name, model.api_key_env));
    }
    endpoint.api_key = key;
  }
  return endpoint;
}

Result<std::unique_ptr<Model>> make_model(const ModelConfig& model, const Config& config,
                                          const ModelPorts& ports) {
  auto inner = make_inner(model, config, ports);
  if (!inner || !ports.cassette) return inner;
  return std::make_unique<CassetteModel>(ports.cassette, std::move(*inner));
}

}  // namespace pareto
