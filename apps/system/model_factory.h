#pragma once

#include <memory>

#include "agent/core/model.h"
#include "agent/core/random.h"
#include "agent/io/http_client.h"
#include "agent/io/loop.h"
#include "agent/io/worker_pool.h"
#include "agent/models/cassette_model.h"
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

// A client for a configured model. A local engine is not started before the first call. Errors:
// not_found (weights or a file are missing; the text names the command that brings them), invalid
// (configuration), denied (the key's variable is not set).
Result<std::unique_ptr<Model>> make_model(const ModelConfig& model, const Config& config,
                                          const ModelPorts& ports);

}  // namespace pareto
