#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "agent/core/ports.h"
#include "agent/io/loop.h"
#include "agent/io/sqlite_writer.h"
#include "memory/store.h"

namespace pareto {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "pareto-memory-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class FixedClock final : public Clock {
 public:
  Instant now() const override { return instant_from_ms(1'000'000); }
};

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline Experience experience(const std::string& run, const std::string& text, double success = 1) {
  return {.run = RunId{run},
          .task_id = "task-" + run,
          .text = text,
          .kind = "repair",
          .mode = Mode::instant,
          .model = "local",
          .effort = Effort::low,
          .success = success,
          .cost = Money::nanos(944'000),
          .took = Milliseconds(9'800),
          .turns = 1,
          .features = R"({"version":"features/1"})"};
}

// A state file with its writer.
class MemoryFixture : public testing::Test {
 protected:
  MemoryFixture() : writer_(std::move(SqliteWriter::open(loop_, state_file()).value())) {}

  std::string state_file() const { return folder_.file("pareto.db"); }

  std::int64_t insert(const Experience& row) {
    std::int64_t seq = 0;
    const Result<void> stored = writer_->run([&](SqliteConnection& connection) -> Result<void> {
      auto inserted = insert_experience(connection, row, clock_.now());
      if (!inserted) return std::unexpected(inserted.error());
      seq = *inserted;
      return {};
    });
    EXPECT_TRUE(stored) << (stored ? "" : stored.error().message);
    return seq;
  }

  void execute(const std::string& sql) {
    const Result<void> done = writer_->run([&](SqliteConnection& connection) -> Result<void> {
      connection.execute(sql);
      return {};
    });
    ASSERT_TRUE(done) << done.error().message;
  }

  SqliteConnection reader() {
    return std::move(SqliteConnection::open(state_file(), SqliteAccess::read_only).value());
  }

  TemporaryFolder folder_;
  FixedClock clock_;
  Loop loop_;
  std::unique_ptr<SqliteWriter> writer_;
};

}  // namespace pareto
