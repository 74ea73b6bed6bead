#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/core/event.h"
#include "agent/io/journal.h"
#include "agent/io/loop.h"
#include "agent/io/sqlite_writer.h"
#include "apps/report/result_files.h"

namespace pareto {

// The journals beside result rows, opened when one of their runs is asked for.
class Journals {
 public:
  // `folders`: as ReportRow::folder counts them.
  explicit Journals(std::vector<std::string> folders) : folders_(std::move(folders)) {}

  // The events of the row's run. Errors: not_found for a row without a run, or a folder without a
  // journal; those of SqliteJournal::load.
  Result<std::vector<Event>> load(const reporting::ReportRow& row);

 private:
  struct Opened {
    std::unique_ptr<SqliteWriter> writer;
    std::unique_ptr<SqliteJournal> journal;
  };
  Result<Opened> open(std::size_t folder);

  std::vector<std::string> folders_;
  Loop loop_;
  std::map<std::size_t, Result<Opened>> opened_;
};

}  // namespace pareto
