#include "agent/io/worker_pool.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace pareto {

namespace {

struct Job {
  std::move_only_function<void(std::stop_token)> run;
  std::move_only_function<void()> finish;  // the loop's thread only
  std::unique_ptr<Operation> keep;         // keeps the loop running until the job has ended
  std::stop_source stop;
};

}  // namespace

struct WorkerPool::State {
  explicit State(Loop& the_loop, std::size_t count) : loop(the_loop), most(count) {}

  void work();
  void complete(std::shared_ptr<Job> job);
  void add(std::shared_ptr<Job> job);
  void drop(Job& job);

  Loop& loop;
  const std::size_t most;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::shared_ptr<Job>> waiting;
  std::vector<std::shared_ptr<Job>> running;
  std::vector<std::thread> threads;
  std::size_t idle = 0;
  bool closing = false;
};

void WorkerPool::State::work() {
  std::unique_lock lock(mutex);
  while (true) {
    ++idle;
    wake.wait(lock, [this] { return closing || !waiting.empty(); });
    --idle;
    if (closing) return;
    auto job = std::move(waiting.front());
    waiting.pop_front();
    running.push_back(job);
    lock.unlock();
    if (!job->stop.stop_requested()) job->run(job->stop.get_token());
    job->run = nullptr;
    lock.lock();
    std::erase(running, job);
    if (!closing) complete(std::move(job));
  }
}

void WorkerPool::State::complete(std::shared_ptr<Job> job) {
  // The last reference goes with the handler, so that `finish` dies on the loop's thread.
  loop.post([job = std::move(job)] {
    job->keep.reset();
    if (!job->finish) return;
    auto finish = std::exchange(job->finish, nullptr);
    finish();
  });
}

void WorkerPool::State::add(std::shared_ptr<Job> job) {
  const std::scoped_lock lock(mutex);
  waiting.push_back(std::move(job));
  if (waiting.size() > idle && threads.size() < most) {
    try {
      threads.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      // The machine has no thread left. Those we have will do; without any there is no way on.
      if (threads.empty()) throw;
    }
  }
  wake.notify_one();
}

void WorkerPool::State::drop(Job& job) {
  std::shared_ptr<Job> dropped;  // destroyed outside of the lock: captures may do anything
  job.stop.request_stop();
  {
    const std::scoped_lock lock(mutex);
    const auto is_it = [&job](const std::shared_ptr<Job>& other) { return other.get() == &job; };
    const auto at = std::find_if(waiting.begin(), waiting.end(), is_it);
    if (at != waiting.end()) {
      dropped = std::move(*at);
      waiting.erase(at);
    }
  }
  job.finish = nullptr;
  job.keep.reset();
}

class WorkerPool::Pending final : public Operation {
 public:
  Pending(std::shared_ptr<State> state, std::shared_ptr<Job> job)
      : state_(std::move(state)), job_(std::move(job)) {}
  ~Pending() override {
    if (job_->finish) state_->drop(*job_);
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Job> job_;
};

WorkerPool::WorkerPool(Loop& loop, std::size_t threads)
    : state_(std::make_shared<State>(loop, std::max<std::size_t>(threads, 1))) {}

WorkerPool::~WorkerPool() {
  std::vector<std::shared_ptr<Job>> unfinished;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->closing = true;
    for (const auto& job : state_->running) job->stop.request_stop();
    unfinished = state_->running;
    unfinished.insert(unfinished.end(), state_->waiting.begin(), state_->waiting.end());
    state_->waiting.clear();
  }
  state_->wake.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
  for (const auto& job : unfinished) job->keep.reset();
}

std::unique_ptr<Operation> WorkerPool::enqueue(std::move_only_function<void(std::stop_token)> run,
                                               std::move_only_function<void()> finish) {
  auto job = std::make_shared<Job>();
  job->run = std::move(run);
  job->finish = std::move(finish);
  job->keep = state_->loop.keep_running();
  auto pending = std::make_unique<Pending>(state_, job);
  state_->add(std::move(job));
  return pending;
}

}  // namespace pareto
