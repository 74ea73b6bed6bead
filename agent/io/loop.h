#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "agent/core/operation.h"
#include "agent/core/time.h"

namespace pareto {

// The event loop: one thread calls `run` or `run_until`, and every handler of this library is
// called from there. It owns nothing that it runs; whoever starts an operation keeps it.
//
// Thread: `post` and `stop` from any thread; everything else, destroying operations included, from
// the loop's thread or while the loop is not running.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Calls `fn` from the loop, later, in the order of posting. Never called from within `post`.
  void post(std::move_only_function<void()> fn);

  // Calls `fn` once after `delay`. Destroying the operation cancels it.
  [[nodiscard]] std::unique_ptr<Operation> after(Milliseconds delay,
                                                 std::move_only_function<void()> fn);

  // Calls `handler` with the number of each signal that arrives, in place of its default effect.
  // Keeps `run` from returning until the operation is destroyed.
  [[nodiscard]] std::unique_ptr<Operation> on_signal(std::vector<int> signals,
                                                     std::function<void(int)> handler);

  // Keeps `run` from returning while it lives: for work that another thread will post. May be
  // destroyed from any thread.
  [[nodiscard]] std::unique_ptr<Operation> keep_running();

  // Calls handlers until no work is left or `stop` is called.
  void run();
  // Calls handlers until `done` says true after one of them (it is also asked at the start), no
  // work is left, or `stop` is called. Returns what `done` said last.
  bool run_until(std::function<bool()> done);
  // Makes the current run, or else the next, return after the handler that is being called.
  void stop();

  // For agent/io/loop_asio.h.
  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace pareto
