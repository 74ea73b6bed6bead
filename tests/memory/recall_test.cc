#include "memory/recall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/io/worker_pool.h"
#include "agent/text/embedding.h"
#include "memory/maintenance.h"
#include "tests/memory/memory_fixture.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

Task task_of(const std::string& prompt, const std::string& id = "new") {
  Task task;
  task.id = id;
  task.prompt = prompt;
  return task;
}

class RecallTest : public MemoryFixture {
 protected:
  RecallTest() : pool_(loop_, 2) {}

  void open(MemoryOptions options = {}) {
    memory_.reset();
    memory_ = std::move(ExperienceMemory::open(*writer_, pool_, clock_, options).value());
  }

  Result<std::vector<Neighbour>> recall(const Task& task) {
    std::optional<Result<std::vector<Neighbour>>> outcome;
    const auto operation = memory_->recall(
        task, [&](Result<std::vector<Neighbour>> result) { outcome = std::move(result); });
    EXPECT_FALSE(outcome) << "a handler is never called from within";
    loop_.run_until([&] { return outcome.has_value(); });
    return outcome.value();
  }

  std::string described(const Task& task) {
    return to_json(Recall{.neighbours = recall(task).value()}).dump(1);
  }

  std::vector<std::string> runs_for(const Task& task) {
    std::vector<std::string> runs;
    const std::vector<Neighbour> neighbours = recall(task).value();
    for (const Neighbour& neighbour : neighbours) runs.push_back(neighbour.run.value);
    return runs;
  }

  Result<void> learn(Experience row) {
    std::optional<Result<void>> outcome;
    const auto operation =
        memory_->learn(std::move(row), [&](Result<void> result) { outcome = std::move(result); });
    EXPECT_FALSE(outcome);
    loop_.run_until([&] { return outcome.has_value(); });
    return outcome.value();
  }

  // Texts of distinct tasks of one sort, in one transaction.
  void fill(int count, int first = 0) {
    ASSERT_TRUE(writer_->run([&](SqliteConnection& connection) -> Result<void> {
      for (int i = first; i < first + count; ++i) {
        const std::string name = std::to_string(i * 7919 % 100'003);
        auto stored = insert_experience(
            connection, experience("run" + std::to_string(i), "Fix the bug in file" + name), {});
        if (!stored) return std::unexpected(stored.error());
      }
      return {};
    }));
  }

  // Recalls until an index was built in the background.
  void wait_for_index(std::size_t built = 1) {
    recall(task_of("Fix the bug in file7919"));
    loop_.run_until([&] { return memory_->stats().indexes_built >= built; });
  }

  std::string index_path() const { return folder_.file("vectors.hnsw"); }

  WorkerPool pool_;
  std::unique_ptr<ExperienceMemory> memory_;
};

TEST_F(RecallTest, WhatWasLearnedIsRecalledForSimilarPrompts) {
  open();
  ASSERT_TRUE(learn(experience("A", "tests.py fails. Find and fix the bug in gcd.py.", 0.5)));
  ASSERT_TRUE(learn(experience("B", "Who composed the opera Otello?")));
  const auto neighbours =
      recall(task_of("tests.py fails. Find and fix the bug in lcm.py.")).value();
  ASSERT_EQ(neighbours.size(), 1U);
  EXPECT_GT(neighbours[0].similarity, 0.7);
  EXPECT_LT(neighbours[0].similarity, 1);
  Neighbour expected{.run = RunId{"A"},
                     .similarity = neighbours[0].similarity,
                     .mode = Mode::instant,
                     .model = "local",
                     .success = 0.5,
                     .cost = Money::nanos(944'000)};
  EXPECT_EQ(neighbours[0], expected);
}

TEST_F(RecallTest, AnEmptyStoreRecallsNothing) {
  open();
  EXPECT_THAT(runs_for(task_of("anything")), ElementsAre());
  EXPECT_THAT(runs_for(task_of("")), ElementsAre());
}

TEST_F(RecallTest, TheNearestComesFirst) {
  open();
  insert(experience("far", "Find and fix the bug in the gcd file."));
  insert(experience("near", "tests.py fails. Find and fix the bug in gcd.py!"));
  EXPECT_THAT(runs_for(task_of("tests.py fails. Find and fix the bug in gcd.py.")),
              ElementsAre("near", "far"));
}

TEST_F(RecallTest, TheSameTaskIsLeftOutWhenToldSo) {
  Experience same = experience("A", "Fix the bug in gcd.py.");
  same.task_id = "gcd";
  for (int i = 0; i < 40; ++i) {
    same.run.value = "same" + std::to_string(i);
    insert(same);
  }
  insert(experience("B", "Fix the bug in lcm.py."));
  open({.same_task = MemoryOptions::SameTask::left_out});
  EXPECT_THAT(runs_for(task_of("Fix the bug in gcd.py.", "gcd")), ElementsAre("B"));
  open();
  EXPECT_THAT(runs_for(task_of("Fix the bug in gcd.py.", "gcd")),
              AllOf(SizeIs(8), Contains("same39")));
}

TEST_F(RecallTest, EachArmHasItsOwnShareAndAllTogetherABound) {
  for (int i = 0; i < 30; ++i) {
    for (const Mode mode : {Mode::instant, Mode::reasoning, Mode::agentic}) {
      Experience row = experience(std::to_string(i) + to_string(mode), "Fix gcd.py.");
      row.mode = mode;
      insert(row);
    }
  }
  open({.neighbours = 3, .most = 7});
  std::map<Mode, int> counts;
  const std::vector<Neighbour> neighbours = recall(task_of("Fix gcd.py.")).value();
  for (const Neighbour& neighbour : neighbours) ++counts[neighbour.mode];
  EXPECT_EQ(counts[Mode::instant] + counts[Mode::reasoning] + counts[Mode::agentic], 7);
  for (const auto& [mode, count] : counts) EXPECT_LE(count, 3) << to_string(mode);
}

TEST_F(RecallTest, LearningCanBeOff) {
  open({.learning = MemoryOptions::Learning::off});
  EXPECT_TRUE(learn(experience("A", "x")));
  SqliteConnection connection = reader();
  EXPECT_TRUE(list_experiences(connection, {}).value().empty());
}

TEST_F(RecallTest, ADroppedOperationCallsNobodyButTheRowIsKept) {
  open();
  bool called = false;
  memory_->learn(experience("A", "x"), [&](Result<void>) { called = true; }).reset();
  memory_->recall(task_of("x"), [&](Result<std::vector<Neighbour>>) { called = true; }).reset();
  loop_.run();
  EXPECT_FALSE(called);
  SqliteConnection connection = reader();
  EXPECT_EQ(list_experiences(connection, {}).value().size(), 1U);
}

TEST_F(RecallTest, AnInvalidExperienceIsAnError) {
  open();
  EXPECT_EQ(learn(experience("", "x")).error().code, ErrorCode::invalid);
}

TEST_F(RecallTest, WhatAnotherProcessLearnsOrForgetsIsSeen) {
  open();
  insert(experience("A", "Fix gcd.py."));
  EXPECT_THAT(runs_for(task_of("Fix gcd.py.")), ElementsAre("A"));
  const auto in_child = [&](auto work) {
    const pid_t child = ::fork();
    if (child == 0) {
      // A connection of its own: nothing of the parent's SQLite may be used after a fork.
      auto connection = SqliteConnection::open(state_file(), SqliteAccess::read_write);
      ::_exit(connection && work(*connection) ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  };
  in_child([](SqliteConnection& connection) {
    return insert_experience(connection, experience("B", "Fix gcd.py!"), {}).has_value();
  });
  EXPECT_THAT(runs_for(task_of("Fix gcd.py.")), ElementsAre("A", "B"));
  in_child([](SqliteConnection& connection) {
    return forget_experience(connection, "A").value_or(0) == 1;
  });
  EXPECT_THAT(runs_for(task_of("Fix gcd.py.")), ElementsAre("B"));
}

TEST_F(RecallTest, AnIndexIsBuiltInTheBackgroundAndFindsTheSame) {
  fill(300);
  open({.exact_rows = 1'000});
  const Task task = task_of("Fix the bug in file7919");
  const std::string exact = described(task);
  EXPECT_EQ(memory_->stats(), (ExperienceMemory::Stats{.rows = 300}));
  open({.exact_rows = 100});
  wait_for_index();
  EXPECT_EQ(described(task), exact);
  EXPECT_EQ(memory_->stats(),
            (ExperienceMemory::Stats{.rows = 300, .indexed_rows = 300, .indexes_built = 1}));
  // Rows that came later are compared one by one.
  insert(experience("late", "Fix the bug in file7919"));
  EXPECT_EQ(runs_for(task).front(), "late");
  EXPECT_EQ(memory_->stats().indexed_rows, 300U);
}

TEST_F(RecallTest, AStoredIndexIsUsedByTheNextProcess) {
  fill(300);
  open({.exact_rows = 100});
  wait_for_index();
  fill(10, 300);
  open({.exact_rows = 100});
  const std::string found = described(task_of("Fix the bug in file7919"));
  EXPECT_EQ(memory_->stats(),
            (ExperienceMemory::Stats{.rows = 310, .indexed_rows = 300, .indexes_loaded = 1}));
  open({.exact_rows = 10'000});
  EXPECT_EQ(described(task_of("Fix the bug in file7919")), found);
}

TEST_F(RecallTest, ADamagedOrStaleIndexIsNotUsedAndIsBuiltAnew) {
  fill(200);
  open({.exact_rows = 100});
  const Task task = task_of("Fix the bug in file7919");
  wait_for_index();
  const std::string sound = described(task);
  const std::string bytes = read_bytes(index_path());
  std::string flipped = bytes;
  flipped[bytes.size() / 2] ^= 1;
  for (const std::string& damage : {bytes.substr(0, bytes.size() / 2), flipped, std::string()}) {
    write_bytes(index_path(), damage);
    open({.exact_rows = 100});
    EXPECT_EQ(described(task), sound);
    EXPECT_EQ(memory_->stats().indexed_rows, 0U);
    EXPECT_THAT(memory_->stats().index_note, HasSubstr("the index"));
    wait_for_index();
    EXPECT_EQ(read_bytes(index_path()), bytes) << "built anew, byte for byte";
  }
  execute("DELETE FROM experiences WHERE seq = 5");
  execute("UPDATE experiences SET text = 'other', vector = NULL WHERE seq = 7");
  open({.exact_rows = 100});
  recall(task);
  EXPECT_THAT(memory_->stats().index_note, HasSubstr("stale"));
}

TEST_F(RecallTest, ForgettingDropsTheIndexAtOnce) {
  fill(200);
  open({.exact_rows = 100});
  wait_for_index();
  const Task task = task_of("Fix the bug in file7919");
  const std::string nearest = runs_for(task).front();
  execute("DELETE FROM experiences WHERE run = '" + nearest + "'");
  EXPECT_THAT(runs_for(task), testing::Not(Contains(nearest)));
  EXPECT_EQ(memory_->stats().indexed_rows, 0U);
}

TEST_F(RecallTest, TheSameTaskIsLeftOutOfAnIndexToo) {
  fill(200);
  Experience same = experience("A", "Fix the bug in gcd.py.");
  same.task_id = "gcd";
  for (int i = 0; i < 150; ++i) {
    same.run.value = "same" + std::to_string(i);
    insert(same);
  }
  open({.same_task = MemoryOptions::SameTask::left_out, .exact_rows = 100});
  const Task task = task_of("Fix the bug in gcd.py.", "gcd");
  const auto exact = runs_for(task);
  EXPECT_EQ(exact.size(), 8U);
  wait_for_index();
  EXPECT_EQ(runs_for(task), exact);
}

TEST_F(RecallTest, ClosingWhileAnIndexIsBuiltWaitsForNothing) {
  fill(400);
  open({.exact_rows = 100});
  recall(task_of("Fix the bug in file7919"));
  memory_.reset();
  loop_.run();
  SUCCEED();
}

TEST_F(RecallTest, SearchingComparesWithEveryRow) {
  insert(experience("A", "Fix gcd.py."));
  insert(experience("B", "Who composed Otello?"));
  SqliteConnection connection = reader();
  const auto found = search_experiences(connection, "who composed otello", 2).value();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].stored.experience.run.value, "B");
  EXPECT_GT(found[0].similarity, 0.8);
  EXPECT_LT(found[1].similarity, 0.35);
}

}  // namespace
}  // namespace pareto
