#pragma once

#include <memory>

#include "agent/io/worker_pool.h"
#include "agent/models/local/catalogue.h"
#include "agent/models/openai_model.h"
#include "apps/system/config.h"

namespace pareto {

// Starts the local engine for `weights` on a worker when it is first asked, and gives the base URL
// of its HTTP interface. Holds a share in the engine until the last copy of the resolver is gone.
// not_found when the weights are missing: the text names `pareto models pull`.
Result<BaseUrlResolver> local_engine(const WeightsEntry& weights, std::int64_t context,
                                     const Config& config, WorkerPool& workers);

}  // namespace pareto
