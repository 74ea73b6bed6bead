#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "agent/io/sqlite_connection.h"
#include "agent/text/embedding.h"
#include "memory/vector_index.h"

namespace pareto {

// An embedding as the bytes of a BLOB: 32-bit floats, least significant byte first.
std::string to_blob(const Embedding& embedding);
// Nothing when the bytes are not `kEmbeddingSize` finite numbers.
std::optional<Embedding> from_blob(std::string_view bytes);

// The vectors of the table in memory, kept up with what other connections and processes commit.
// A row without a sound vector of the current embedding gets one from its text, in memory only.
// One thread at a time.
class StoredVectors {
 public:
  // Reads what changed since the last call; everything on the first. Cheap when nothing did.
  Result<void> refresh(SqliteConnection& connection);

  // In order of seq.
  const std::vector<IndexedVector>& rows() const { return rows_; }
  // A hash of the task id of the row at this position of `rows`.
  std::uint64_t task_at(std::size_t position) const { return tasks_[position]; }
  static std::uint64_t task_hash(std::string_view task_id);
  // Counts upwards with each removal of rows that had been read.
  std::uint64_t removals() const { return removals_; }

 private:
  void read_from(SqliteConnection& connection, std::int64_t after);

  std::vector<IndexedVector> rows_;
  std::vector<std::uint64_t> tasks_;
  std::optional<std::int64_t> data_version_;
  std::uint64_t removals_ = 0;
};

}  // namespace pareto
