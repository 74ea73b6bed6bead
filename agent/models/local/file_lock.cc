#include "agent/models/local/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace pareto {

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<FileLock> FileLock::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return fail(ErrorCode::internal,
                fmt::format("can't open the lock file {}: {}", path, std::strerror(errno)));
  }
  return FileLock(descriptor);
}

bool FileLock::try_lock(LockMode mode) {
  const int operation = (mode == LockMode::shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  int status = 0;
  do {
    status = ::flock(descriptor_, operation);
  } while (status != 0 && errno == EINTR);
  return status == 0;
}

Result<void> FileLock::lock(LockMode mode, Deadline deadline) {
  while (!try_lock(mode)) {
    if (deadline.passed(wall_now())) {
      return fail(ErrorCode::timeout, "a lock was not free before the deadline");
    }
    std::this_thread::sleep_for(Milliseconds(5));
  }
  return {};
}

void FileLock::unlock() { ::flock(descriptor_, LOCK_UN); }

Instant FileLock::touched() const {
  struct stat info = {};
  if (::fstat(descriptor_, &info) != 0) return {};
  return instant_from_ms(static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1000 +
                         info.st_mtim.tv_nsec / 1'000'000);
}

void FileLock::touch() { ::futimens(descriptor_, nullptr); }

Instant wall_now() {
  return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

}  // namespace pareto
