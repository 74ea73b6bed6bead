#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <utility>

#include "agent/core/result.h"

namespace pareto::sandbox {

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
  friend bool operator==(const Owner&, const Owner&) = default;
};

Result<Owner> owner_of(const std::string& folder);

// Gives the folder and every file below it that belongs to `from.uid` to `to` (symlinks themselves,
// not what they point to); files of others are left alone. For file systems that can't be mounted
// with other owners. The caller is root and nothing else works in the folder.
Result<void> change_owner(const std::string& folder, Owner from, Owner to);

// Lets only one command at a time work in a folder whose files have to change hands for it.
class FolderLocks {
 public:
  // Owns the folder; frees it when destroyed. The locks outlive it.
  class Lock {
   public:
    Lock(FolderLocks& locks, std::string folder) : locks_(&locks), folder_(std::move(folder)) {}
    Lock(Lock&& other) noexcept
        : locks_(std::exchange(other.locks_, nullptr)), folder_(std::move(other.folder_)) {}
    Lock& operator=(Lock&&) = delete;
    ~Lock();

   private:
    FolderLocks* locks_;
    std::string folder_;
  };

  // Waits until nobody else has it. `cancelled` when stop is asked for meanwhile.
  Result<Lock> take(const std::string& folder, std::stop_token stop);

 private:
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::unordered_set<std::string> taken_;
};

}  // namespace pareto::sandbox
