#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "agent/text/embedding.h"

namespace pareto {

// A stored vector and the sequence number of its row.
struct IndexedVector {
  std::int64_t seq = 0;
  Embedding vector{};
};

struct VectorMatch {
  std::int64_t seq = 0;
  double similarity = 0;  // cosine

  friend bool operator==(const VectorMatch&, const VectorMatch&) = default;
};

// The cosine of two embeddings of length 1 (or 0).
double similarity(const Embedding& a, const Embedding& b);

// The `k` nearest by comparing with every row, nearest first, the later row first among equals.
std::vector<VectorMatch> exact_nearest(std::span<const IndexedVector> rows, const Embedding& query,
                                       std::size_t k);

// What an index was built from. An index whose stamp differs from the store's is stale.
struct IndexStamp {
  std::string embedding;      // name and version
  std::int64_t last_seq = 0;  // of the rows in the index
  std::int64_t rows = 0;
  std::uint64_t rows_hash = 0;  // of all (seq, vector), in order

  friend bool operator==(const IndexStamp&, const IndexStamp&) = default;
};

IndexStamp stamp_of(std::span<const IndexedVector> rows);

// An immutable HNSW graph over the rows. A cache: everything in it can be made again from the
// store. Thread: `nearest` from any number of threads at once.
class VectorIndex {
 public:
  // `cancelled` when `token` asks to stop.
  static Result<std::unique_ptr<VectorIndex>> build(std::span<const IndexedVector> rows,
                                                    std::stop_token token = {});

  // What the file says that it was built from; not trusted before `load` has compared it.
  static Result<IndexStamp> read_stamp(const std::string& path);

  // Reads what `save` wrote. The file is not trusted: length, checksum and stamp are compared
  // before any of it is interpreted; a missing, cut, changed or stale file is an error, and the
  // caller builds anew.
  static Result<std::unique_ptr<VectorIndex>> load(const std::string& path,
                                                   const IndexStamp& expected);

  ~VectorIndex();
  VectorIndex(const VectorIndex&) = delete;
  VectorIndex& operator=(const VectorIndex&) = delete;

  // Writes PATH.tmp, syncs it, renames it over `path` and syncs the folder: a reader sees the old
  // file or the new one, never a part. One writer at a time, by a lock on PATH.lock; `unavailable`
  // while another process is at it.
  Result<void> save(const std::string& path) const;

  // About the `k` nearest, nearest first.
  std::vector<VectorMatch> nearest(const Embedding& query, std::size_t k) const;

  const IndexStamp& stamp() const;

 private:
  struct Graph;
  explicit VectorIndex(std::unique_ptr<Graph> graph);
  std::unique_ptr<Graph> graph_;
};

}  // namespace pareto
