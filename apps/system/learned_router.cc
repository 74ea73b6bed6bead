#include "apps/system/learned_router.h"

#include <utility>
#include <vector>

#include "memory/store.h"

namespace pareto {
namespace {

std::vector<KindOutcomes> outcomes_of(const std::vector<ExperienceTotals>& totals) {
  std::vector<KindOutcomes> outcomes;
  for (const ExperienceTotals& total : totals) {
    // A kind of a newer version is nothing to this router.
    const auto kind = parse_task_kind(total.kind);
    if (!kind) continue;
    outcomes.push_back({.kind = *kind,
                        .mode = total.mode,
                        .model = total.model,
                        .runs = static_cast<double>(total.runs),
                        .successes = total.successes});
  }
  return outcomes;
}

}  // namespace

LearnedRouter::LearnedRouter(RouterOptions options, SqliteConnection connection)
    : options_(std::move(options)), connection_(std::move(connection)), router_(options_) {}

Result<std::unique_ptr<LearnedRouter>> LearnedRouter::open(RouterOptions options,
                                                           const std::string& state_file) {
  auto connection = SqliteConnection::open(state_file, SqliteAccess::read_only);
  if (!connection) return std::unexpected(connection.error());
  std::unique_ptr<LearnedRouter> router(
      new LearnedRouter(std::move(options), std::move(*connection)));
  if (auto read = router->read_again(); !read) return std::unexpected(read.error());
  return router;
}

Result<void> LearnedRouter::read_again() const {
  auto version = state_file_version(connection_);
  if (!version) return std::unexpected(version.error());
  if (version_ == *version) return {};
  auto totals = total_experiences(connection_);
  if (!totals) return std::unexpected(totals.error());
  version_ = *version;
  RouterOptions options = options_;
  options.outcomes = outcomes_of(*totals);
  router_ = PriorRouter(std::move(options));
  return {};
}

Result<Route> LearnedRouter::route(const Question& question, std::uint64_t seed) const {
  // A task is not turned away because of what could not be remembered.
  (void)read_again();
  return router_.route(question, seed);
}

}  // namespace pareto
