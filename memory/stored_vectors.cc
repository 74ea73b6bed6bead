#include "memory/stored_vectors.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "agent/text/hashing.h"

namespace pareto {
namespace {

static_assert(std::endian::native == std::endian::little, "vectors are stored as they lie");

std::int64_t number(SqliteConnection& connection, const char* sql) {
  SqliteStatement statement = connection.statement(sql);
  statement->executeStep();
  return statement->getColumn(0).getInt64();
}

Embedding vector_of(SQLite::Statement& row) {
  const SQLite::Column blob = row.getColumn(2);
  const SQLite::Column model = row.getColumn(3);
  if (blob.isBlob() && model.isText() && model.getString() == kEmbeddingName) {
    const std::string_view bytes(static_cast<const char*>(blob.getBlob()),
                                 static_cast<std::size_t>(blob.getBytes()));
    if (const auto embedding = from_blob(bytes)) return *embedding;
  }
  return embed(row.getColumn(4).getString());
}

}  // namespace

std::string to_blob(const Embedding& embedding) {
  std::string bytes(sizeof(Embedding), '\0');
  std::memcpy(bytes.data(), embedding.data(), bytes.size());
  return bytes;
}

std::optional<Embedding> from_blob(std::string_view bytes) {
  if (bytes.size() != sizeof(Embedding)) return std::nullopt;
  Embedding embedding;
  std::memcpy(embedding.data(), bytes.data(), bytes.size());
  double squares = 0;
  for (const float value : embedding) squares += static_cast<double>(value) * value;
  // Length 1, or 0 for an empty text. Not so for a damaged number, NaN included.
  if (squares != 0 && !(std::abs(squares - 1) < 1e-3)) return std::nullopt;
  return embedding;
}

std::uint64_t StoredVectors::task_hash(std::string_view task_id) { return hash64(task_id); }

Result<void> StoredVectors::refresh(SqliteConnection& connection) {
  try {
    const std::int64_t version = number(connection, "PRAGMA data_version");
    if (data_version_ == version) return {};
    SQLite::Transaction one_view(connection);  // ends with its life; there is nothing to commit
    read_from(connection, rows_.empty() ? 0 : rows_.back().seq);
    const std::int64_t stored = number(connection, "SELECT count(*) FROM experiences");
    if (static_cast<std::int64_t>(rows_.size()) != stored) {
      // Something was forgotten: rare, so that reading all anew is good enough.
      rows_.clear();
      tasks_.clear();
      ++removals_;
      read_from(connection, 0);
    }
    data_version_ = version;
    return {};
  } catch (const SQLite::Exception& exception) {
    data_version_.reset();
    return std::unexpected(sqlite_error(exception, connection.path()));
  }
}

void StoredVectors::read_from(SqliteConnection& connection, std::int64_t after) {
  SqliteStatement rows = connection.statement(
      "SELECT seq, task_id, vector, vector_model, text FROM experiences WHERE seq > ? ORDER BY "
      "seq");
  rows->bind(1, after);
  while (rows->executeStep()) {
    rows_.push_back({.seq = rows->getColumn(0).getInt64(), .vector = vector_of(*rows)});
    tasks_.push_back(task_hash(rows->getColumn(1).getString()));
  }
}

}  // namespace pareto
