#include "apps/bench/rows.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "apps/system/task_file.h"

namespace pareto {
namespace {

std::unexpected<Error> can_not_write(const std::string& path) {
  return fail(ErrorCode::internal,
              fmt::format("{} can't be written: {}; free some space or choose another --out", path,
                          std::strerror(errno)));
}

}  // namespace

RowKey key_of(const Json& row) {
  JsonFields fields(row, "row");
  return {fields.text("task"), fields.text("mode"), fields.text_or("model", ""),
          fields.integer_or("repeat", 0)};
}

bool is_error(const Json& row) { return JsonFields(row, "row").text_or("status", "") == "error"; }

double success_of(const Json& row) {
  JsonFields fields(row, "row");
  const double of_status = fields.text_or("status", "") == "success" ? 1 : 0;
  return fields.number_or("score", of_status);
}

Result<ResultRows> ResultRows::open(const std::string& path, const std::string& suite_hash) {
  std::string text;
  if (std::filesystem::exists(path)) {
    auto read = read_text_file(path, std::size_t{1} << 31);
    if (!read) return std::unexpected(read.error());
    text = std::move(*read);
  }
  Descriptor file(::open(path.c_str(), O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0644));
  if (!file.open()) return can_not_write(path);
  ResultRows result(std::move(file), path);
  const int descriptor = result.file_.get();
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return fail(
        ErrorCode::unavailable,
        fmt::format("{}: another bench writes here; wait for it or choose another --out", path));
  }
  const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  const std::size_t torn = text.size() - whole;
  text.resize(whole);
  int number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    ++number;
    auto row = parse_json(std::string_view(text).substr(at, end - at));
    at = end + 1;
    if (!row || !row->is_object()) {
      return fail(ErrorCode::invalid, fmt::format("{}:{}: not a result row; move the file away or "
                                                  "choose another --out",
                                                  path, number));
    }
    const std::string hash = JsonFields(*row, "row").text_or("suite_hash", "");
    if (hash != suite_hash) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}:{}: rows of another version of the suite (hash {}; the suite is "
                              "now {}); choose another --out",
                              path, number, hash, suite_hash));
    }
    result.take(std::move(*row));
  }
  // Last, since it may be anybody's file until every line was read.
  if (torn > 0 && ftruncate(descriptor, static_cast<off_t>(whole)) != 0) return can_not_write(path);
  result.torn_bytes_ = torn;
  return result;
}

Result<void> ResultRows::append(const Json& row) {
  const std::string line = dump_json(row) + "\n";
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t written = write(file_.get(), left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return can_not_write(path_);
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  if (fdatasync(file_.get()) != 0) return can_not_write(path_);
  take(row);
  return {};
}

void ResultRows::take(Json row) {
  JsonFields fields(row, "row");
  const bool first = runs_.insert(fields.text_or("run", "")).second;
  if (first) spent_ += fields.money("cost_usd");
  const std::string judge = fields.text_or("judge_run", "");
  if (!judge.empty() && runs_.insert(judge).second) spent_ += fields.money("judge_cost_usd");
  // The key first: assigning takes the row away before the left side is evaluated.
  const RowKey key = key_of(row);
  rows_[key] = std::move(row);
}

}  // namespace pareto
