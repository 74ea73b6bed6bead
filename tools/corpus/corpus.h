#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/recall.h"
#include "agent/core/result.h"

namespace pareto {

// A corpus of passages (JSON lines {"id","title","text"}) with a BM25 index over it. Usable from
// several threads.
class Corpus {
 public:
  virtual ~Corpus() = default;
  virtual std::int64_t size() const = 0;
  struct Hit {
    Passage passage;
    double score = 0;     // higher is better
    std::string snippet;  // the part that matches best, at most 300 characters
  };
  // Passages that share a term with `query`, or that the query or a good passage names by their
  // titles, best first. Any text is a valid query: it is taken as
  // words, not as syntax.
  virtual Result<std::vector<Hit>> search(std::string_view query, int limit) const = 0;
  // not_found names ids that look like `id`.
  virtual Result<Passage> open(std::string_view id) const = 0;
};

// Opens corpora and keeps those used last. Indexes of corpora of more than `memory_bytes` are kept
// in `cache_folder` under the hash of their content and shared between processes; smaller ones, and
// all of them when `cache_folder` is empty, live in memory. Thread-safe; blocks while it indexes.
class CorpusCache {
 public:
  explicit CorpusCache(std::string cache_folder, std::size_t capacity = 8,
                       std::int64_t memory_bytes = 16 << 20);
  ~CorpusCache();
  // invalid names the line that is not a passage; not_found when there is no such file.
  Result<std::shared_ptr<const Corpus>> open(const std::string& path);

 private:
  struct Slot;
  std::string cache_folder_;
  std::size_t capacity_;
  std::int64_t memory_bytes_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Slot>> slots_;  // used last first
};

}  // namespace pareto
