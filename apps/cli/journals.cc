#include "apps/cli/journals.h"

#include <filesystem>

namespace pareto {

Result<std::vector<Event>> Journals::load(const reporting::ReportRow& row) {
  if (row.run.empty()) return fail(ErrorCode::not_found, "the row names no run");
  auto opened = opened_.find(row.folder);
  if (opened == opened_.end()) opened = opened_.emplace(row.folder, open(row.folder)).first;
  if (!opened->second) return std::unexpected(opened->second.error());
  return opened->second->journal->load({row.run});
}

Result<Journals::Opened> Journals::open(std::size_t folder) {
  const std::string path = folders_[folder] + "/state/pareto.db";
  // Opening would make it.
  if (!std::filesystem::exists(path)) return fail(ErrorCode::not_found, path + " is not there");
  Opened opened;
  auto writer = SqliteWriter::open(loop_, path);
  if (!writer) return std::unexpected(writer.error());
  opened.writer = std::move(*writer);
  auto journal = SqliteJournal::open(*opened.writer);
  if (!journal) return std::unexpected(journal.error());
  opened.journal = std::move(*journal);
  return opened;
}

}  // namespace pareto
