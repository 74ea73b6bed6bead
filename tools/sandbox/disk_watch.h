#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "agent/core/result.h"
#include "tools/sandbox/descriptor.h"

namespace pareto::sandbox {

// The bytes that appeared in a folder since a moment, without having measured it before: those of
// all files whose status changed after it (a changed file counts whole). A file takes at least a
// block, so that empty files without end count too. Symlinks are not followed, other file systems
// not entered.
struct Written {
  std::int64_t bytes = 0;
  bool complete = false;  // false: stopped at `enough`, at the deadline, or at too deep a folder
};
using SteadyTime = std::chrono::steady_clock::time_point;
Written written_since(const FileDescriptor& folder, std::chrono::nanoseconds since_epoch,
                      std::int64_t enough, SteadyTime deadline);

// Tells when a command has written too much into its workspace. Cheap enough to ask every 50 ms:
// the folder is walked for at most a third of the time while the file system has much less free space
// than at the start, which alone proves nothing, as others write there too; and for at most a
// twentieth, once a second, while it has not, as others may free more than the command writes.
// A file that was merely touched thus does no harm, however large.
class DiskWatch {
 public:
  // Bytes of files that have lost their name, asked only when the walk does not explain the loss of
  // space.
  using Unlinked = std::function<std::int64_t(dev_t)>;

  static Result<DiskWatch> start(const std::string& folder, std::int64_t limit_bytes,
                                 Unlinked unlinked);

  bool exceeded(SteadyTime now);

 private:
  DiskWatch() = default;
  std::int64_t free_bytes() const;  // with a block for each inode

  FileDescriptor folder_;
  dev_t device_ = 0;
  std::int64_t limit_ = 0;
  Unlinked unlinked_;
  std::chrono::nanoseconds since_epoch_{0};
  std::int64_t free_at_start_ = 0;
  SteadyTime next_walk_;
  SteadyTime next_unprompted_walk_;
};

}  // namespace pareto::sandbox
