#pragma once

#include <memory>

#include "agent/core/model.h"
#include "agent/core/random.h"
#include "agent/io/http_client.h"
#include "agent/io/loop.h"
#include "agent/io/worker_pool.h"
#include "agent/models/cassette_model.h"
#include "agent/models/openai_model.h"
#include "apps/system/config.h"

namespace pareto {

// What a configured model is, without touching network or disk: enough to route and to price.
Result<ModelInfo> model_info(const ModelConfig& model);

// What model clients work with; outlives them.
struct ModelPorts {
  Loop& loop;
  HttpClient& http;
  WorkerPool& workers;
  const Clock& clock;
  Random& random;
  std::shared_ptr<Cassette> cassette;  // null, or where every exchange is recorded
};

// Where and how a configured model is reached that speaks OpenAI's chat completions.
struct ModelEndpoint {
  ModelInfo info;
  std::string model;                 // the provider's name
  std::string base_url;              // without a slash at the end; empty: ask the resolver
  BaseUrlResolver resolve_base_url;  // starts the local engine when it is first asked
  std::string api_key;
  std::string api_key_env;             // the variable that the key came from
  std::optional<double> temperature;   // of our own calls, and of others that ask for none
  bool llama = false;                  // a llama.cpp server
  bool share_prompts = true;           // of that server, see ChatProfile
  bool max_completion_tokens = false;  // the provider's name for the bound of the output
};

// Errors as those of `make_model`; invalid for an engine that speaks nothing (scripted, cassette).
Result<ModelEndpoint> model_endpoint(const ModelConfig& model, const Config& config,
                                     const ModelPorts& ports);

// A client for a configured model. A local engine is not started before the first call. Errors:
// not_found (weights or a file are missing; the text names the command that brings them), invalid
// (configuration), denied (the key's variable is not set).
Result<std::unique_ptr<Model>> make_model(const ModelConfig& model, const Config& config,
                                          const ModelPorts& ports);

}  // namespace pareto
