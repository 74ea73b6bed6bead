#include "agent/io/loop.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "agent/io/loop_asio.h"

namespace pareto {

namespace asio = boost::asio;

struct Loop::State {
  asio::io_context context{1};
  std::atomic<bool> stopping = false;
};

namespace {

// A timer's handler may already be queued when its operation is destroyed: the handler shares this
// state and finds it cancelled.
struct Timer {
  explicit Timer(asio::io_context& context) : timer(context) {}

  asio::steady_timer timer;
  std::move_only_function<void()> fn;
};

class TimerOperation final : public Operation {
 public:
  explicit TimerOperation(std::shared_ptr<Timer> timer) : timer_(std::move(timer)) {}
  ~TimerOperation() override {
    timer_->fn = nullptr;
    timer_->timer.cancel();
  }

 private:
  std::shared_ptr<Timer> timer_;
};

struct Signals : std::enable_shared_from_this<Signals> {
  Signals(asio::io_context& context, std::function<void(int)> fn)
      : set(context), handler(std::move(fn)) {}

  void wait() {
    set.async_wait([self = shared_from_this()](const boost::system::error_code& error, int number) {
      if (error || !self->handler) return;
      const auto call = self->handler;  // it may destroy the operation
      call(number);
      if (self->handler) self->wait();
    });
  }

  asio::signal_set set;
  std::function<void(int)> handler;
};

class SignalOperation final : public Operation {
 public:
  explicit SignalOperation(std::shared_ptr<Signals> signals) : signals_(std::move(signals)) {}
  ~SignalOperation() override {
    signals_->handler = nullptr;
    boost::system::error_code ignored;
    signals_->set.clear(ignored);
    signals_->set.cancel(ignored);
  }

 private:
  std::shared_ptr<Signals> signals_;
};

class WorkOperation final : public Operation {
 public:
  explicit WorkOperation(asio::io_context& context) : guard_(asio::make_work_guard(context)) {}

 private:
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
};

}  // namespace

asio::io_context& context(Loop& loop) { return loop.state().context; }

Loop::Loop() : state_(std::make_unique<State>()) {}
Loop::~Loop() = default;

void Loop::post(std::move_only_function<void()> fn) { asio::post(state_->context, std::move(fn)); }

std::unique_ptr<Operation> Loop::after(Milliseconds delay, std::move_only_function<void()> fn) {
  auto timer = std::make_shared<Timer>(state_->context);
  timer->fn = std::move(fn);
  timer->timer.expires_after(delay);
  timer->timer.async_wait([timer](const boost::system::error_code& error) {
    if (error || !timer->fn) return;
    auto run = std::exchange(timer->fn, nullptr);  // it may destroy the operation
    run();
  });
  return std::make_unique<TimerOperation>(std::move(timer));
}

std::unique_ptr<Operation> Loop::on_signal(std::vector<int> signals,
                                           std::function<void(int)> handler) {
  auto state = std::make_shared<Signals>(state_->context, std::move(handler));
  for (const int number : signals) state->set.add(number);
  state->wait();
  return std::make_unique<SignalOperation>(std::move(state));
}

std::unique_ptr<Operation> Loop::keep_running() {
  return std::make_unique<WorkOperation>(state_->context);
}

void Loop::run() {
  state_->context.restart();
  if (!state_->stopping) state_->context.run();
  state_->stopping = false;
}

bool Loop::run_until(std::function<bool()> done) {
  state_->context.restart();
  bool finished = done();
  while (!finished && !state_->stopping && state_->context.run_one() != 0) finished = done();
  state_->stopping = false;
  return finished;
}

void Loop::stop() {
  state_->stopping = true;
  state_->context.stop();
}

}  // namespace pareto
