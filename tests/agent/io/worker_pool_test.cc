#include "agent/io/worker_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace pareto {
namespace {

using Ids = std::vector<std::unique_ptr<Operation>>;

TEST(WorkerPoolTest, WorksElsewhereAndCompletesOnTheLoop) {
  Loop loop;
  WorkerPool pool(loop);
  std::thread::id worker;
  std::thread::id completion;
  Result<int> got = 0;
  const auto operation = pool.submit(
      [&](std::stop_token) -> Result<int> {
        worker = std::this_thread::get_id();
        return 7;
      },
      [&](Result<int> result) {
        completion = std::this_thread::get_id();
        got = std::move(result);
      });
  loop.run();
  EXPECT_EQ(got, Result<int>(7));
  EXPECT_NE(worker, std::this_thread::get_id());
  EXPECT_EQ(completion, std::this_thread::get_id());
}

TEST(WorkerPoolTest, AnExceptionIsAnInternalError) {
  Loop loop;
  WorkerPool pool(loop);
  Result<void> got;
  const auto operation =
      pool.submit([](std::stop_token) -> Result<void> { throw std::runtime_error("broken"); },
                  [&](Result<void> result) { got = std::move(result); });
  loop.run();
  EXPECT_EQ(got, Result<void>(fail(ErrorCode::internal, "broken")));
}

TEST(WorkerPoolTest, RunsNoMoreThanItsThreads) {
  Loop loop;
  WorkerPool pool(loop, 3);
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  int done = 0;
  Ids operations;
  for (int i = 0; i < 40; ++i) {
    operations.push_back(pool.submit(
        [&](std::stop_token) -> Result<void> {
          const int now = ++running;
          for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
          }
          std::this_thread::yield();
          --running;
          return {};
        },
        [&](Result<void>) { ++done; }));
  }
  loop.run();
  EXPECT_EQ(done, 40);
  EXPECT_LE(most, 3);
}

TEST(WorkerPoolTest, DestroyingTheOperationDropsWorkThatHasNotBegun) {
  Loop loop;
  WorkerPool pool(loop, 1);
  std::latch release(1);
  std::vector<int> begun;
  std::vector<int> done;
  Ids operations;
  for (int i = 0; i < 3; ++i) {
    operations.push_back(pool.submit(
        [&, i](std::stop_token) -> Result<int> {
          if (i == 0) release.wait();
          begun.push_back(i);
          return i;
        },
        [&](Result<int> result) { done.push_back(*result); }));
  }
  operations[1].reset();
  release.count_down();
  loop.run();
  EXPECT_THAT(begun, testing::ElementsAre(0, 2));
  EXPECT_THAT(done, testing::ElementsAre(0, 2));
}

TEST(WorkerPoolTest, DestroyingTheOperationStopsRunningWorkAndDiscardsItsResult) {
  Loop loop;
  std::latch begun(1);
  std::latch stopped(1);
  const auto held = std::make_shared<int>(0);
  bool completed = false;
  WorkerPool pool(loop);
  auto operation = pool.submit(
      [&](std::stop_token stop) -> Result<void> {
        begun.count_down();
        while (!stop.stop_requested()) std::this_thread::yield();
        stopped.count_down();
        return {};
      },
      [&, held](Result<void>) { completed = true; });
  begun.wait();
  operation.reset();
  EXPECT_EQ(held.use_count(), 1) << "the completion dies at once, on the loop's thread";
  stopped.wait();
  loop.run();
  EXPECT_FALSE(completed);
}

TEST(WorkerPoolTest, ClosingThePoolStopsRunningWork) {
  Loop loop;
  std::latch begun(1);
  std::unique_ptr<Operation> running;
  std::unique_ptr<Operation> waiting;
  bool completed = false;
  {
    WorkerPool pool(loop, 1);
    const auto work = [&](std::stop_token stop) -> Result<void> {
      begun.count_down();
      while (!stop.stop_requested()) std::this_thread::yield();
      return {};
    };
    running = pool.submit(work, [&](Result<void>) { completed = true; });
    begun.wait();
    waiting = pool.submit(work, [&](Result<void>) { completed = true; });
  }
  loop.run();
  EXPECT_FALSE(completed);
}

TEST(WorkerPoolTest, CompletionMayDestroyItsOperation) {
  Loop loop;
  WorkerPool pool(loop);
  std::unique_ptr<Operation> operation;
  const auto held = std::make_shared<int>(5);
  int seen = 0;
  operation = pool.submit([](std::stop_token) -> Result<void> { return {}; },
                          [&, held](Result<void>) {
                            operation.reset();
                            seen = *held;
                          });
  loop.run();
  EXPECT_EQ(seen, 5);
}

}  // namespace
}  // namespace pareto
