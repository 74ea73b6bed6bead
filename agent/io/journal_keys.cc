#include "agent/io/journal_keys.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <chrono>

namespace pareto {
namespace {

constexpr Milliseconds kKept = std::chrono::weeks(1);

}  // namespace

std::optional<StoredClaim> find_claim(SqliteConnection& connection, const std::string& key) {
  auto select = connection.statement("SELECT body_hash, run FROM idempotency_keys WHERE key = ?1");
  select->bind(1, key);
  if (!select->executeStep()) return std::nullopt;
  return StoredClaim{.claim = {.key = key, .body_hash = select->getColumn(0).getString()},
                     .run = {select->getColumn(1).getString()}};
}

Result<void> store_claim(SqliteConnection& connection, const KeyClaim& claim, const RunId& run,
                         Instant now) {
  auto forget = connection.statement("DELETE FROM idempotency_keys WHERE created_ms < ?1");
  forget->bind(1, static_cast<std::int64_t>(to_ms(now - kKept)));
  forget->exec();

  auto insert = connection.statement(
      "INSERT OR IGNORE INTO idempotency_keys(key, body_hash, run, created_ms) "
      "VALUES(?1, ?2, ?3, ?4)");
  insert->bind(1, claim.key);
  insert->bind(2, claim.body_hash);
  insert->bind(3, run.value);
  insert->bind(4, static_cast<std::int64_t>(to_ms(now)));
  if (insert->exec() == 1) return {};
  return fail(ErrorCode::denied,
              fmt::format("the Idempotency-Key of run {} was taken by another process in the "
                          "meantime: send the request again to get its run",
                          run.value));
}

Result<RunId> same_request(const KeyClaim& claim, const std::string& body_hash, const RunId& run) {
  if (claim.body_hash == body_hash) return run;
  return fail(
      ErrorCode::invalid,
      fmt::format("the Idempotency-Key `{}` was used for another request, which started run "
                  "{}: use a new key for a new request",
                  claim.key, run.value));
}

}  // namespace pareto
