#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "agent/core/operation.h"
#include "agent/core/result.h"
#include "agent/io/loop.h"

namespace pareto {

// A bounded set of threads for work that would block the loop. Threads are made when there is work
// that no idle one can take; waiting work is begun in the order of submission.
class WorkerPool {
 public:
  static constexpr std::size_t kThreads = 16;

  // `loop` outlives the pool.
  explicit WorkerPool(Loop& loop, std::size_t threads = kThreads);
  // Drops work that has not begun, asks running work to stop and waits for it.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Calls `work(std::stop_token) -> Result<T>` on a worker, then `done(Result<T>)` on the loop; an
  // exception becomes an internal error. Destroying the operation (on the loop's thread): `done` is
  // destroyed uncalled, work not begun is dropped, running work sees its token stop and its result
  // is discarded. Keeps the loop running until then.
  template <class Work, class Done>
  [[nodiscard]] std::unique_ptr<Operation> submit(Work work, Done done);

 private:
  struct State;
  class Pending;

  // `run` is called and destroyed on a worker, `finish` on the loop.
  std::unique_ptr<Operation> enqueue(std::move_only_function<void(std::stop_token)> run,
                                     std::move_only_function<void()> finish);

  std::shared_ptr<State> state_;
};

template <class Work, class Done>
std::unique_ptr<Operation> WorkerPool::submit(Work work, Done done) {
  using Made = std::invoke_result_t<Work&, std::stop_token>;
  static_assert(std::is_same_v<typename Made::error_type, Error>,
                "work returns a Result<T>, so that an exception has a place to go");
  auto outcome = std::make_shared<std::optional<Made>>();
  auto run = [outcome, work = std::move(work)](std::stop_token token) mutable {
    try {
      outcome->emplace(work(std::move(token)));
    } catch (const std::exception& error) {
      outcome->emplace(std::unexpect, Error{ErrorCode::internal, error.what()});
    }
  };
  auto finish = [outcome, done = std::move(done)]() mutable { done(std::move(**outcome)); };
  return enqueue(std::move(run), std::move(finish));
}

}  // namespace pareto
