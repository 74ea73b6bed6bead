#pragma once

#include <sys/types.h>

// The modes of `pareto-sandbox`; see protocol.h. None of them returns when it succeeds.

namespace pareto::sandbox {

// A path to mount under kStage before the privileges are given up.
struct Stage {
  const char* path = nullptr;
  bool mapped = false;  // owners are mapped: `owner` on the disk appears as the new uid, and back
  uid_t owner = 0;
  gid_t group = 0;
};

struct Launch {
  static constexpr int kMaxStages = 64;
  pid_t parent = 0;  // dies with it
  bool cgroup = false;
  uid_t uid = 0;  // 0: stay who we are
  Stage stages[kMaxStages];
  int stage_count = 0;
  char** argv = nullptr;  // bubblewrap's
};

// 0: leave that limit alone.
struct Start {
  unsigned long address_space = 0;
  unsigned long cpu_seconds = 0;
  unsigned long file_bytes = 0;
  unsigned long processes = 0;
  unsigned long open_files = 0;
  unsigned long listen_port = 0;
  char** argv = nullptr;
};

[[noreturn]] void launch(const Launch& options);
[[noreturn]] void start(const Start& options);
// `folder`: where the command starts.
[[noreturn]] void bare(pid_t parent, bool cgroup, const char* folder, const Start& options);

// Mounts the stages; the caller has CAP_SYS_ADMIN.
void mount_stages(const Launch& options);

// Dies when the process `parent` does, also if it already has.
void die_with(pid_t parent);
void enter_cgroup();

// Reports to kStatusFd "what: strerror(errno)" and exits.
[[noreturn]] void give_up(char kind, const char* what);

}  // namespace pareto::sandbox
