#include "apps/cli/store_access.h"

namespace pareto {

Result<StoreAccess> open_store(const Globals& globals) {
  auto config = load_config(globals);
  if (!config) return std::unexpected(config.error());
  StoreAccess store{.config = std::move(*config), .loop = std::make_unique<Loop>()};
  auto writer = SqliteWriter::open(*store.loop, store.config.state + "/pareto.db");
  if (!writer) return std::unexpected(writer.error());
  store.writer = std::move(*writer);
  auto journal = SqliteJournal::open(*store.writer);
  if (!journal) return std::unexpected(journal.error());
  store.journal = std::move(*journal);
  auto leases = Leases::open(*store.writer);
  if (!leases) return std::unexpected(leases.error());
  store.leases = std::move(*leases);
  return store;
}

}  // namespace pareto
