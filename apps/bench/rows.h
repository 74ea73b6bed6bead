#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "agent/core/json.h"
#include "agent/core/money.h"
#include "agent/core/result.h"
#include "agent/io/descriptor.h"

namespace pareto {

// What makes a row: the last row of a key wins.
struct RowKey {
  std::string task;
  std::string mode;   // as asked
  std::string model;  // as asked
  std::int64_t repeat = 0;

  friend auto operator<=>(const RowKey&, const RowKey&) = default;
};

RowKey key_of(const Json& row);

// Whether a row tells of an infrastructure error.
bool is_error(const Json& row);

// 1 or 0 or between: the score; where nothing was scored, whether the status is success.
double success_of(const Json& row);

// The file results.jsonl of one suite: rows are appended when their run has ended, each durable
// before the next thing happens.
class ResultRows {
 public:
  // Reads what is there. A last line that was torn by a crash is cut off (`torn_bytes`). Errors:
  // invalid for a line that is no row, or rows of another version of the suite (both hashes are
  // named); unavailable while another process has the file open this way.
  static Result<ResultRows> open(const std::string& path, const std::string& suite_hash);

  Result<void> append(const Json& row);
  // The row in force of each key, in the order of keys.
  const std::map<RowKey, Json>& rows() const { return rows_; }
  // Ids of all runs that ever gave a row, replaced ones included, and of those that judged them.
  const std::set<std::string>& runs() const { return runs_; }
  // What all these runs cost; one that was scored again is counted once.
  Money spent() const { return spent_; }
  // How many bytes of a torn line were cut off when the file was opened.
  std::size_t torn_bytes() const { return torn_bytes_; }

 private:
  void take(Json row);

  ResultRows(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Descriptor file_;
  std::string path_;
  std::map<RowKey, Json> rows_;
  std::set<std::string> runs_;
  Money spent_;
  std::size_t torn_bytes_ = 0;
};

}  // namespace pareto
