#include "memory/recall.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "memory/maintenance.h"
#include "memory/stored_vectors.h"
#include "memory/vector_index.h"

namespace pareto {
namespace {

// Candidates of one search: enough that several arms can fill their share.
constexpr std::size_t kCandidates = 128;
// The graph is made anew when so large a share of all rows is not in it.
constexpr double kMostUnindexed = 0.25;

struct Candidate {
  std::int64_t seq = 0;
  double similarity = 0;
};

// A handler that is called at most once, and not after its operation is gone.
template <class T>
class Dropped final : public Operation {
 public:
  using Shared = std::shared_ptr<std::optional<Handler<T>>>;

  explicit Dropped(Shared handler) : handler_(std::move(handler)) {}
  ~Dropped() override { handler_->reset(); }

  static Handler<T> guard(Shared handler) {
    return [handler = std::move(handler)](Result<T> result) {
      if (!*handler) return;
      Handler<T> done = std::move(**handler);
      handler->reset();
      done(std::move(result));
    };
  }

 private:
  Shared handler_;
};

template <class T>
std::unique_ptr<Operation> post_result(Loop& loop, Handler<T> done, Result<T> result) {
  auto handler = std::make_shared<std::optional<Handler<T>>>(std::move(done));
  loop.post([guarded = Dropped<T>::guard(handler), result = std::move(result)]() mutable {
    guarded(std::move(result));
  });
  return std::make_unique<Dropped<T>>(std::move(handler));
}

std::optional<std::pair<Neighbour, std::string>> read_neighbour(SqliteConnection& connection,
                                                                const Candidate& candidate) {
  SqliteStatement select = connection.statement(
      "SELECT run, mode, model, success, cost_nanos, task_id FROM experiences WHERE seq = ?");
  select->bind(1, candidate.seq);
  if (!select->executeStep()) return std::nullopt;  // forgotten meanwhile
  const auto mode = parse_mode(select->getColumn(1).getString());
  if (!mode) return std::nullopt;
  Neighbour neighbour{.run = RunId{select->getColumn(0).getString()},
                      .similarity = candidate.similarity,
                      .mode = *mode,
                      .model = select->getColumn(2).getString(),
                      .success = select->getColumn(3).getDouble(),
                      .cost = Money::nanos(select->getColumn(4).getInt64())};
  return std::pair(std::move(neighbour), select->getColumn(5).getString());
}

}  // namespace

// Shared with the work under way on workers, which may outlive the memory by a moment.
struct ExperienceMemory::State {
  State(SqliteWriter& w, WorkerPool& p, const Clock& c, MemoryOptions o, SqliteConnection opened)
      : writer(w), pool(p), clock(c), options(std::move(o)), connection(std::move(opened)) {}

  Result<std::vector<Neighbour>> recall(const Embedding& query, const std::string& task_id);
  std::vector<Candidate> candidates(const Embedding& query, const std::string& task_id);
  std::vector<VectorMatch> rescored(std::vector<VectorMatch> matches, const Embedding& query) const;
  void add_matches(std::vector<Candidate>& candidates, std::vector<VectorMatch> matches,
                   std::uint64_t left_out) const;
  std::optional<std::size_t> position_of(std::int64_t seq) const;
  void prepare_index();
  bool index_wanted() const;
  Result<void> build_index(std::stop_token token);

  SqliteWriter& writer;
  WorkerPool& pool;
  const Clock& clock;
  const MemoryOptions options;

  std::mutex mutex;  // of everything below but `building`
  SqliteConnection connection;
  StoredVectors vectors;
  std::shared_ptr<const VectorIndex> index;
  std::uint64_t index_removals = 0;  // of `vectors` when the index was made or loaded
  bool index_tried = false;          // to load it from its file
  Stats stats;

  std::unique_ptr<Operation> building;  // the loop's thread only
};

Result<std::vector<Neighbour>> ExperienceMemory::State::recall(const Embedding& query,
                                                               const std::string& task_id) {
  const std::lock_guard lock(mutex);
  if (auto read = vectors.refresh(connection); !read) return std::unexpected(read.error());
  prepare_index();
  std::vector<Neighbour> neighbours;
  std::map<std::pair<Mode, std::string>, std::size_t> of_arm;
  try {
    for (const Candidate& candidate : candidates(query, task_id)) {
      if (neighbours.size() >= options.most) break;
      auto found = read_neighbour(connection, candidate);
      if (!found) continue;
      auto& [neighbour, id] = *found;
      if (options.same_task == MemoryOptions::SameTask::left_out && id == task_id) continue;
      std::size_t& count = of_arm[{neighbour.mode, neighbour.model}];
      if (count++ < options.neighbours) neighbours.push_back(std::move(neighbour));
    }
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, connection.path()));
  }
  return neighbours;
}

std::vector<Candidate> ExperienceMemory::State::candidates(const Embedding& query,
                                                           const std::string& task_id) {
  const std::span<const IndexedVector> rows(vectors.rows());
  const bool leave_out = options.same_task == MemoryOptions::SameTask::left_out;
  const std::uint64_t left_out = leave_out ? StoredVectors::task_hash(task_id) : 0;
  std::vector<Candidate> found;
  std::size_t compared_from = 0;
  if (index) {
    compared_from = *position_of(index->stamp().last_seq) + 1;
    add_matches(found, rescored(index->nearest(query, kCandidates), query), left_out);
  }
  // Rows of the very task may take up all places of a search; compare with every row then.
  if (index && leave_out && found.size() < options.most) {
    found.clear();
    compared_from = 0;
  }
  const std::span<const IndexedVector> rest = rows.subspan(compared_from);
  add_matches(found, exact_nearest(rest, query, leave_out ? rest.size() : kCandidates), left_out);
  std::ranges::sort(found, std::ranges::greater{}, [](const Candidate& candidate) {
    return std::pair(candidate.similarity, candidate.seq);
  });
  found.resize(std::min(found.size(), kCandidates));
  return found;
}

// The graph rounds in another order than the exact scan; what is recalled must not depend on which
// of the two found it.
std::vector<VectorMatch> ExperienceMemory::State::rescored(std::vector<VectorMatch> matches,
                                                           const Embedding& query) const {
  for (VectorMatch& match : matches) {
    const auto position = position_of(match.seq);
    if (position) match.similarity = similarity(vectors.rows()[*position].vector, query);
  }
  std::ranges::sort(matches, std::ranges::greater{}, [](const VectorMatch& match) {
    return std::pair(match.similarity, match.seq);
  });
  return matches;
}

void ExperienceMemory::State::add_matches(std::vector<Candidate>& candidates,
                                          std::vector<VectorMatch> matches,
                                          std::uint64_t left_out) const {
  for (const VectorMatch& match : matches) {
    if (match.similarity < options.similarity_floor) break;  // nearest first
    if (left_out != 0) {
      const auto position = position_of(match.seq);
      if (!position || vectors.task_at(*position) == left_out) continue;
    }
    candidates.push_back({match.seq, std::min(match.similarity, 1.0)});
  }
}

std::optional<std::size_t> ExperienceMemory::State::position_of(std::int64_t seq) const {
  const auto& rows = vectors.rows();
  const auto found = std::ranges::lower_bound(rows, seq, {}, &IndexedVector::seq);
  if (found == rows.end() || found->seq != seq) return std::nullopt;
  return static_cast<std::size_t>(found - rows.begin());
}

// Drops an index that rows were removed from, and tries the stored one once.
void ExperienceMemory::State::prepare_index() {
  const auto& rows = vectors.rows();
  stats.rows = rows.size();
  if (index && index_removals != vectors.removals()) {
    index.reset();
    stats.index_note = "experiences were forgotten";
  }
  if (!index && !index_tried && rows.size() >= options.exact_rows) {
    index_tried = true;
    const auto stored = VectorIndex::read_stamp(options.index_path);
    if (!stored) {
      stats.index_note = stored.error().message;
    } else {
      const auto position = position_of(stored->last_seq);
      const std::span<const IndexedVector> known(rows.data(), position ? *position + 1 : 0);
      auto loaded = VectorIndex::load(options.index_path, stamp_of(known));
      if (loaded && position) {
        index = std::move(*loaded);
        index_removals = vectors.removals();
        ++stats.indexes_loaded;
      } else {
        stats.index_note = loaded ? "it is empty" : loaded.error().message;
      }
    }
  }
  stats.indexed_rows = index ? static_cast<std::size_t>(index->stamp().rows) : 0;
}

bool ExperienceMemory::State::index_wanted() const {
  const std::size_t rows = vectors.rows().size();
  if (rows < options.exact_rows) return false;
  const std::size_t indexed = index ? static_cast<std::size_t>(index->stamp().rows) : 0;
  return static_cast<double>(rows - indexed) > kMostUnindexed * static_cast<double>(rows);
}

Result<void> ExperienceMemory::State::build_index(std::stop_token token) {
  std::vector<IndexedVector> rows;
  std::uint64_t removals = 0;
  {
    const std::lock_guard lock(mutex);
    if (!index_wanted()) return {};
    rows = vectors.rows();
    removals = vectors.removals();
  }
  auto built = VectorIndex::build(rows, std::move(token));
  if (!built) return std::unexpected(built.error());
  const std::shared_ptr<const VectorIndex> shared = std::move(*built);
  const Result<void> saved = shared->save(options.index_path);
  const std::lock_guard lock(mutex);
  stats.index_note = saved ? "" : saved.error().message;
  ++stats.indexes_built;
  if (vectors.removals() != removals) return {};  // made of rows that are gone
  index = shared;
  index_removals = removals;
  stats.indexed_rows = static_cast<std::size_t>(shared->stamp().rows);
  return {};
}

ExperienceMemory::ExperienceMemory(std::shared_ptr<State> state) : state_(std::move(state)) {}

ExperienceMemory::~ExperienceMemory() { state_->building.reset(); }

Result<std::unique_ptr<ExperienceMemory>> ExperienceMemory::open(SqliteWriter& writer,
                                                                 WorkerPool& pool,
                                                                 const Clock& clock,
                                                                 MemoryOptions options) {
  auto connection = SqliteConnection::open(writer.path(), SqliteAccess::read_only);
  if (!connection) return std::unexpected(connection.error());
  if (options.index_path.empty()) options.index_path = index_path_of(writer.path());
  return std::unique_ptr<ExperienceMemory>(new ExperienceMemory(
      std::make_shared<State>(writer, pool, clock, std::move(options), std::move(*connection))));
}

std::unique_ptr<Operation> ExperienceMemory::recall(const Task& task,
                                                    Handler<std::vector<Neighbour>> done) {
  // An index is begun after a recall, never in its way.
  auto finish = [state = state_,
                 done = std::move(done)](Result<std::vector<Neighbour>> result) mutable {
    bool wanted = false;
    {
      const std::lock_guard lock(state->mutex);
      wanted = result && !state->building && state->index_wanted();
    }
    if (wanted) {
      state->building = state->pool.submit(
          [raw = state](std::stop_token token) { return raw->build_index(std::move(token)); },
          [weak = std::weak_ptr(state)](Result<void>) {
            if (auto alive = weak.lock()) alive->building.reset();
          });
    }
    done(std::move(result));
  };
  return state_->pool.submit([state = state_, prompt = task.prompt, id = task.id](
                                 std::stop_token) { return state->recall(embed(prompt), id); },
                             std::move(finish));
}

std::unique_ptr<Operation> ExperienceMemory::learn(Experience experience, Handler<void> done) {
  if (state_->options.learning == MemoryOptions::Learning::off) {
    return post_result<void>(state_->writer.loop(), std::move(done), {});
  }
  auto handler = std::make_shared<std::optional<Handler<void>>>(std::move(done));
  state_->writer.submit(
      [experience = std::move(experience),
       now = state_->clock.now()](SqliteConnection& connection) -> Result<void> {
        const auto seq = insert_experience(connection, experience, now);
        if (!seq) return std::unexpected(seq.error());
        return {};
      },
      Dropped<void>::guard(handler));
  return std::make_unique<Dropped<void>>(std::move(handler));
}

ExperienceMemory::Stats ExperienceMemory::stats() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stats;
}

Result<std::vector<FoundExperience>> search_experiences(SqliteConnection& connection,
                                                        std::string_view text, std::size_t count) {
  StoredVectors vectors;
  if (auto read = vectors.refresh(connection); !read) return std::unexpected(read.error());
  std::vector<FoundExperience> found;
  for (const VectorMatch& match : exact_nearest(vectors.rows(), embed(text), count)) {
    auto stored = find_experience(connection, std::to_string(match.seq));
    if (!stored) return std::unexpected(stored.error());
    if (*stored) found.push_back({std::move(**stored), match.similarity});
  }
  return found;
}

}  // namespace pareto
