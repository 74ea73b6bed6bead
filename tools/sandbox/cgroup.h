#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "agent/core/result.h"
#include "tools/sandbox/descriptor.h"

namespace pareto::sandbox {

// A cgroup v2 folder in which this process may make groups with the memory and pids controllers.
struct CgroupParent {
  std::string folder;
};

// What the last look for one found.
struct CgroupSearch {
  std::optional<CgroupParent> parent;
  std::string detail;  // "no delegated cgroup: /sys/fs/cgroup/unified lacks memory and pids"
};

// Looks at `configured` if given, else at the siblings of this process's own group (a service with
// `Delegate=yes`, a user session) and, for root, at the top of the hierarchy. Tries by making a
// group and removing it. `mount_info` and `own_groups` are the texts of /proc/self/mountinfo and
// /proc/self/cgroup.
CgroupSearch find_cgroup(const std::string& configured, const std::string& mount_info,
                         const std::string& own_groups);
CgroupSearch find_cgroup(const std::string& configured);

// A group for one command; removed with this object, after everything in it was killed.
class Cgroup {
 public:
  static Result<Cgroup> make(const CgroupParent& parent, std::int64_t memory_bytes, int processes);

  Cgroup(Cgroup&& other) noexcept
      : folder_(std::exchange(other.folder_, {})), entrance_(std::move(other.entrance_)) {}
  Cgroup& operator=(Cgroup&&) = delete;
  ~Cgroup();

  // The open cgroup.procs: a process enters by writing 0 to it.
  const FileDescriptor& entrance() const { return entrance_; }
  // Whether the kernel killed for lack of memory.
  bool out_of_memory() const;

 private:
  explicit Cgroup(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_;
  FileDescriptor entrance_;
};

}  // namespace pareto::sandbox
