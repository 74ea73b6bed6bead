#pragma once

#include <string>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace pareto {

enum class LockMode { shared, exclusive };

// An advisory lock (flock) on a file, released by the destructor or, when the process dies, by the
// kernel. The descriptor is closed on exec, so that no child holds the lock on.
class FileLock {
 public:
  FileLock() = default;
  FileLock(FileLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

  // Opens the file, creating it readable for its owner only; takes no lock yet.
  static Result<FileLock> open(const std::string& path);

  // True when the lock was free. Taking a second mode converts the lock.
  bool try_lock(LockMode mode);
  // Tries until the deadline, every few milliseconds.
  Result<void> lock(LockMode mode, Deadline deadline);
  void unlock();

  // The time of the last `touch`, by the file's modification time.
  Instant touched() const;
  void touch();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

// The wall clock of this process; for code that waits for files and processes.
Instant wall_now();

}  // namespace pareto
