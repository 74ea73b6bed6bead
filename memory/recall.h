#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/ports.h"
#include "agent/io/loop.h"
#include "agent/io/sqlite_writer.h"
#include "agent/io/worker_pool.h"
#include "memory/store.h"

namespace pareto {

struct MemoryOptions {
  // Whether earlier runs of the task with the same id are recalled. A benchmark must not.
  enum class SameTask { recalled, left_out };
  enum class Learning { on, off };

  SameTask same_task = SameTask::recalled;
  Learning learning = Learning::on;
  std::size_t neighbours = 8;      // of one mode and model
  std::size_t most = 24;           // altogether
  double similarity_floor = 0.35;  // cosine; prompts of unrelated tasks lie at 0.12 +- 0.08
  std::size_t exact_rows = 2'000;  // up to here every row is compared
  std::string index_path;          // empty: "vectors.hnsw" beside the state file
};

// The experience store as the runner sees it: what earlier runs of similar prompts came to.
//
// Recall compares the prompt with every stored one, from `exact_rows` on with the help of an HNSW
// graph, which is made in the background, kept in a file and never trusted: missing, damaged or
// stale, recall goes on without it and it is made anew. Neither recall nor learning calls a model.
//
// Thread: the loop's. `writer`, `pool` and `clock` outlive it. Other processes may write to the
// same state file at the same time.
class ExperienceMemory final : public Memory {
 public:
  static Result<std::unique_ptr<ExperienceMemory>> open(SqliteWriter& writer, WorkerPool& pool,
                                                        const Clock& clock,
                                                        MemoryOptions options = {});
  ~ExperienceMemory() override;

  // Nearest first. On a worker.
  std::unique_ptr<Operation> recall(const Task& task,
                                    Handler<std::vector<Neighbour>> done) override;
  // Completes once the row is durable, at once when learning is off. Dropping the operation keeps
  // the handler from being called, not the row from being stored.
  std::unique_ptr<Operation> learn(Experience experience, Handler<void> done) override;

  // How recall is served, for `memory stats` and tests.
  struct Stats {
    std::size_t rows = 0;
    std::size_t indexed_rows = 0;   // 0: every row is compared
    std::size_t indexes_built = 0;  // by this object
    std::size_t indexes_loaded = 0;
    std::string index_note;  // why the stored index was not used, or empty
    friend bool operator==(const Stats&, const Stats&) = default;
  };
  Stats stats() const;

 private:
  struct State;
  explicit ExperienceMemory(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

struct FoundExperience {
  StoredExperience stored;
  double similarity = 0;
};

// The `count` stored prompts most like `text`, nearest first, by comparing with every row: for
// people who search. Reads the whole table.
Result<std::vector<FoundExperience>> search_experiences(SqliteConnection& connection,
                                                        std::string_view text, std::size_t count);

}  // namespace pareto
