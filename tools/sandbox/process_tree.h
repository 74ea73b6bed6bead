#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "tools/sandbox/descriptor.h"

namespace pareto::sandbox {

// What the descendants of a process use, as far as a look at /proc tells. A process that comes or
// goes meanwhile may be missed; the next look finds it.
struct TreeUse {
  int tasks = 0;  // processes and threads
  std::int64_t memory_bytes = 0;
};

class ProcessTree {
 public:
  // `root`: a child of this process. `skip`: how many generations are not the command's own (the
  // root itself, and bubblewrap's process inside) and so are not counted.
  ProcessTree(pid_t root, int skip) : root_(root), skip_(skip) {}

  // Stops counting tasks above `max_tasks`. Memory is the sum of resident sets, or, when that is
  // more than `memory_limit`, of proportional sets, which count shared pages once.
  TreeUse use(int max_tasks, std::int64_t memory_limit) const;

  // Bytes of files on `device` that some process of the tree holds open but that have no name any
  // more, so that no walk finds them. `at_most` files are looked at.
  std::int64_t unlinked_bytes(dev_t device, int at_most) const;

  // The first child of the root, 0 if there is none: what has to die for everything to die.
  pid_t first_child() const;

  // Children first, so that what the root has to clean up is there for it; the root only if it has
  // no child yet.
  void kill() const;

 private:
  std::vector<pid_t> members(int max_tasks, int& tasks) const;

  pid_t root_;
  int skip_;
};

// A descriptor that becomes readable when the process has ended.
Result<FileDescriptor> open_process(pid_t pid);
void kill_process(const FileDescriptor& process);

}  // namespace pareto::sandbox
