#include "apps/system/local_engine.h"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <vector>

#include "agent/models/local/cache_dir.h"
#include "agent/models/local/engine.h"
#include "agent/models/local/weights.h"

namespace pareto {
namespace {

// Shared by the resolver's copies and by work that is under way on a worker.
struct Share {
  std::mutex mutex;  // one start at a time
  EngineOptions options;
  EngineSpec spec;
  std::optional<EngineLease> lease;
  std::vector<std::unique_ptr<Operation>> operations;  // used on the loop's thread only
};

Result<std::string> base_url(Share& share, Deadline deadline) {
  const std::lock_guard lock(share.mutex);
  if (share.lease) {
    if (auto renewed = Engine::renew(*share.lease, deadline); !renewed) {
      share.lease.reset();
    }
  }
  if (!share.lease) {
    auto command = Engine::locate(share.options);
    if (!command) return std::unexpected(command.error());
    auto lease = Engine::acquire(share.options, *command, share.spec, deadline);
    if (!lease) return std::unexpected(lease.error());
    share.lease.emplace(std::move(*lease));
  }
  return share.lease->base_url() + "/v1";
}

}  // namespace

Result<BaseUrlResolver> local_engine(const WeightsEntry& weights, std::int64_t context,
                                     const Config& config, WorkerPool& workers) {
  auto cache = default_cache_dir();
  if (!cache) return std::unexpected(cache.error());
  const WeightsStore store(*cache);
  if (!store.is_present(weights)) {
    return fail(ErrorCode::not_found,
                fmt::format("the weights of {} are not on this machine ({} MB); get them with "
                            "`pareto models pull {}`",
                            weights.name, weights.bytes / 1'000'000, weights.name));
  }
  auto share = std::make_shared<Share>();
  share->options = {.cache_dir = *cache, .llama_server = config.llama_server};
  share->spec = {.weights = store.path_of(weights),
                 .context = static_cast<int>(context),
                 .slots = config.engine_slots,
                 .threads = config.engine_threads,
                 .keep_alive = config.keep_alive};
  if (auto command = Engine::locate(share->options); !command) {
    return std::unexpected(command.error());
  }
  return BaseUrlResolver([share, &workers](Deadline deadline, Handler<std::string> done) {
    std::erase(share->operations, nullptr);
    share->operations.push_back(
        workers.submit([share, deadline](std::stop_token) { return base_url(*share, deadline); },
                       std::move(done)));
  });
}

}  // namespace pareto
