#include "agent/io/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace pareto {
namespace {

using testing::ElementsAre;

TEST(LoopTest, RunsWhatWasPostedInOrderAndReturns) {
  Loop loop;
  std::vector<int> seen;
  loop.post([&] {
    seen.push_back(1);
    loop.post([&] { seen.push_back(3); });
  });
  loop.post([&] { seen.push_back(2); });
  EXPECT_TRUE(seen.empty());
  loop.run();
  EXPECT_THAT(seen, ElementsAre(1, 2, 3));
}

TEST(LoopTest, RunsAgainAfterItRanOutOfWork) {
  Loop loop;
  int count = 0;
  {
    const auto unused = loop.keep_running();
  }
  for (int i = 0; i < 2; ++i) {
    loop.post([&] { ++count; });
    loop.run();
  }
  EXPECT_EQ(count, 2);
}

TEST(LoopTest, TimersFireInTheOrderOfTheirTimes) {
  Loop loop;
  std::vector<int> seen;
  const auto late = loop.after(Milliseconds(20), [&] { seen.push_back(2); });
  const auto soon = loop.after(Milliseconds(1), [&] { seen.push_back(1); });
  loop.run();
  EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST(LoopTest, ADestroyedTimerDoesNotFireThoughItIsDue) {
  Loop loop;
  bool fired = false;
  std::unique_ptr<Operation> second;
  const auto first = loop.after(Milliseconds(0), [&] { second.reset(); });
  second = loop.after(Milliseconds(0), [&] { fired = true; });
  std::this_thread::sleep_for(Milliseconds(2));  // both are due at once
  loop.run();
  EXPECT_FALSE(fired);
}

TEST(LoopTest, ATimerMayDestroyItself) {
  Loop loop;
  std::unique_ptr<Operation> timer;
  const auto capture = std::make_shared<int>(7);
  int seen = 0;
  timer = loop.after(Milliseconds(0), [&, capture] {
    timer.reset();
    seen = *capture;
  });
  loop.run();
  EXPECT_EQ(seen, 7);
}

TEST(LoopTest, ADestroyedTimerLetsRunReturn) {
  Loop loop;
  auto timer = loop.after(std::chrono::hours(1), [] {});
  loop.post([&] { timer.reset(); });
  loop.run();
}

TEST(LoopTest, StopEndsARunThatHasWorkLeft) {
  Loop loop;
  const auto work = loop.keep_running();
  std::thread other([&] { loop.stop(); });
  loop.run();
  other.join();
}

TEST(LoopTest, RunUntilReturnsAsSoonAsItsQuestionIsAnswered) {
  Loop loop;
  int count = 0;
  for (int i = 0; i < 3; ++i) loop.post([&] { ++count; });
  EXPECT_TRUE(loop.run_until([&] { return count == 2; }));
  EXPECT_EQ(count, 2);
  EXPECT_FALSE(loop.run_until([&] { return count == 9; }));
  EXPECT_EQ(count, 3);
}

TEST(LoopTest, PostingFromManyThreadsLosesNothing) {
  Loop loop;
  int count = 0;
  auto work = loop.keep_running();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 500; ++j) loop.post([&] { ++count; });
    });
  }
  EXPECT_TRUE(loop.run_until([&] { return count == 2000; }));
  for (std::thread& thread : threads) thread.join();
}

TEST(LoopTest, HandsSignalsToTheHandlerUntilItIsDestroyed) {
  Loop loop;
  std::vector<int> seen;
  std::unique_ptr<Operation> signals = loop.on_signal({SIGUSR1, SIGUSR2}, [&](int number) {
    seen.push_back(number);
    if (seen.size() == 2) return signals.reset();
    raise(SIGUSR2);
  });
  raise(SIGUSR1);
  loop.run();
  EXPECT_THAT(seen, ElementsAre(SIGUSR1, SIGUSR2));
}

}  // namespace
}  // namespace pareto
