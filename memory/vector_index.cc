#include "memory/vector_index.h"

#include <fcntl.h>
#include <fmt/format.h>
// Its hand-written SSE code prefetches by an entry beyond the end of a full list of links. Without
// it the distance is ours, and the same as that of the exact scan.
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>

#include "agent/text/hashing.h"
#include "memory/index_file.h"

namespace pareto {
namespace {

// More links or effort find hardly more among tens of thousands of rows, and build much longer.
constexpr std::size_t kLinks = 16;
constexpr std::size_t kBuildEffort = 100;
constexpr std::size_t kSearchEffort = 100;

bool nearer(const VectorMatch& a, const VectorMatch& b) {
  return a.similarity != b.similarity ? a.similarity > b.similarity : a.seq > b.seq;
}

// What hnswlib needs to know of embeddings: their size and how far apart two of them are.
class CosineSpace final : public hnswlib::SpaceInterface<float> {
 public:
  std::size_t get_data_size() override { return sizeof(Embedding); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return distance; }
  void* get_dist_func_param() override { return nullptr; }

 private:
  static float distance(const void* a, const void* b, const void*) {
    return 1 - static_cast<float>(similarity(*static_cast<const Embedding*>(a),
                                             *static_cast<const Embedding*>(b)));
  }
};

// An anonymous file: hnswlib reads and writes by name only, and what it reads must be the very
// bytes that were checked.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("pareto-vectors", MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string name() const { return fmt::format("/proc/self/fd/{}", fd_); }

  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  bool read_all(std::string& bytes) const {
    struct stat status{};
    if (::fstat(fd_, &status) != 0) return false;
    bytes.resize(static_cast<std::size_t>(status.st_size));
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t count =
          ::pread(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
      if (count <= 0) return false;
      done += static_cast<std::size_t>(count);
    }
    return true;
  }

 private:
  int fd_;
};

Error graph_error(std::string_view what) {
  return {ErrorCode::internal, fmt::format("the vector index failed: {}", what)};
}

}  // namespace

double similarity(const Embedding& a, const Embedding& b) {
  // Sixteen sums that the compiler may keep in vector registers.
  constexpr std::size_t kLanes = 16;
  static_assert(kEmbeddingSize % kLanes == 0);
  float sums[kLanes] = {};
  for (std::size_t i = 0; i < kEmbeddingSize; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  float sum = 0;
  for (const float lane : sums) sum += lane;
  return sum;
}

std::vector<VectorMatch> exact_nearest(std::span<const IndexedVector> rows, const Embedding& query,
                                       std::size_t k) {
  std::vector<VectorMatch> matches;
  matches.reserve(rows.size());
  for (const IndexedVector& row : rows) matches.push_back({row.seq, similarity(row.vector, query)});
  k = std::min(k, matches.size());
  const auto end = matches.begin() + static_cast<std::ptrdiff_t>(k);
  std::partial_sort(matches.begin(), end, matches.end(), nearer);
  matches.resize(k);
  return matches;
}

IndexStamp stamp_of(std::span<const IndexedVector> rows) {
  IndexStamp stamp{.embedding = std::string(kEmbeddingName),
                   .last_seq = rows.empty() ? 0 : rows.back().seq,
                   .rows = static_cast<std::int64_t>(rows.size())};
  for (const IndexedVector& row : rows) {
    stamp.rows_hash =
        mix64(stamp.rows_hash + 0x9e3779b97f4a7c15U + static_cast<std::uint64_t>(row.seq));
    for (const float value : row.vector) {
      stamp.rows_hash = (stamp.rows_hash ^ std::bit_cast<std::uint32_t>(value)) * 0x100000001b3U;
    }
  }
  return stamp;
}

struct VectorIndex::Graph {
  explicit Graph(std::size_t rows)
      : hnsw(&space, std::max<std::size_t>(rows, 1), kLinks, kBuildEffort) {}
  Graph(const std::string& file, std::size_t rows) : hnsw(&space, file, false, rows) {}

  IndexStamp stamp;
  CosineSpace space;
  hnswlib::HierarchicalNSW<float> hnsw;
};

VectorIndex::VectorIndex(std::unique_ptr<Graph> graph) : graph_(std::move(graph)) {
  graph_->hnsw.setEf(kSearchEffort);
}
VectorIndex::~VectorIndex() = default;

Result<std::unique_ptr<VectorIndex>> VectorIndex::build(std::span<const IndexedVector> rows,
                                                        std::stop_token token) {
  try {
    auto graph = std::make_unique<Graph>(rows.size());
    graph->stamp = stamp_of(rows);
    for (const IndexedVector& row : rows) {
      if (token.stop_requested()) return fail(ErrorCode::cancelled, "the index is not needed");
      graph->hnsw.addPoint(row.vector.data(), static_cast<hnswlib::labeltype>(row.seq));
    }
    return std::unique_ptr<VectorIndex>(new VectorIndex(std::move(graph)));
  } catch (const std::exception& error) {
    return std::unexpected(graph_error(error.what()));
  }
}

Result<IndexStamp> VectorIndex::read_stamp(const std::string& path) {
  return read_index_stamp(path);
}

Result<std::unique_ptr<VectorIndex>> VectorIndex::load(const std::string& path,
                                                       const IndexStamp& expected) {
  auto file = read_index_file(path);
  if (!file) return std::unexpected(file.error());
  if (file->stamp != expected) {
    return fail(ErrorCode::invalid,
                fmt::format("the index {} is stale: it has {} rows up to {} of "
                            "{}, the store {} up to {} of {}",
                            path, file->stamp.rows, file->stamp.last_seq, file->stamp.embedding,
                            expected.rows, expected.last_seq, expected.embedding));
  }
  MemoryFile copy;
  if (!copy.write(file->payload)) return std::unexpected(graph_error("no memory for a copy"));
  try {
    auto graph = std::make_unique<Graph>(copy.name(), static_cast<std::size_t>(expected.rows));
    graph->stamp = expected;
    return std::unique_ptr<VectorIndex>(new VectorIndex(std::move(graph)));
  } catch (const std::exception& error) {
    return fail(ErrorCode::invalid, fmt::format("the index {}: {}", path, error.what()));
  }
}

Result<void> VectorIndex::save(const std::string& path) const {
  MemoryFile copy;
  std::string payload;
  try {
    graph_->hnsw.saveIndex(copy.name());
  } catch (const std::exception& error) {
    return std::unexpected(graph_error(error.what()));
  }
  if (!copy.read_all(payload)) return std::unexpected(graph_error("no memory for a copy"));
  return write_index_file(path, graph_->stamp, payload);
}

std::vector<VectorMatch> VectorIndex::nearest(const Embedding& query, std::size_t k) const {
  std::vector<VectorMatch> matches;
  k = std::min(k, static_cast<std::size_t>(graph_->stamp.rows));
  if (k == 0) return matches;
  auto found = graph_->hnsw.searchKnn(query.data(), k);
  matches.reserve(found.size());
  for (; !found.empty(); found.pop()) {
    const auto& [distance, label] = found.top();
    matches.push_back({static_cast<std::int64_t>(label), 1 - static_cast<double>(distance)});
  }
  std::sort(matches.begin(), matches.end(), nearer);
  return matches;
}

const IndexStamp& VectorIndex::stamp() const { return graph_->stamp; }

}  // namespace pareto
