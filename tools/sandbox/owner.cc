#include "tools/sandbox/owner.h"

#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "tools/sandbox/descriptor.h"

namespace pareto::sandbox {

Result<Owner> owner_of(const std::string& folder) {
  struct stat info{};
  if (stat(folder.c_str(), &info) != 0) return system_failure(folder);
  return Owner{info.st_uid, info.st_gid};
}

Result<void> change_owner(const std::string& folder, Owner from, Owner to) {
  struct Close {
    void operator()(FTS* tree) const { fts_close(tree); }
  };
  std::string root = folder;
  char* const paths[] = {root.data(), nullptr};
  // FTS_PHYSICAL: symlinks are met as such. FTS_NOCHDIR: the folder is the whole process's.
  const std::unique_ptr<FTS, Close> tree(
      fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, nullptr));
  if (!tree) return system_failure(folder);
  while (const FTSENT* entry = fts_read(tree.get())) {
    if (entry->fts_info == FTS_DP || entry->fts_info == FTS_NS) continue;
    if (entry->fts_statp->st_uid != from.uid) continue;
    if (lchown(entry->fts_accpath, to.uid, to.gid) != 0 && errno != ENOENT) {
      return system_failure(entry->fts_path);
    }
  }
  return {};
}

FolderLocks::Lock::~Lock() {
  if (locks_ == nullptr) return;
  {
    const std::scoped_lock lock(locks_->mutex_);
    locks_->taken_.erase(folder_);
  }
  locks_->freed_.notify_all();
}

Result<FolderLocks::Lock> FolderLocks::take(const std::string& folder, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (!freed_.wait(lock, stop, [&] { return !taken_.contains(folder); })) {
    return fail(ErrorCode::cancelled, "sandbox: stopped while waiting for the workspace");
  }
  taken_.insert(folder);
  return Lock(*this, folder);
}

}  // namespace pareto::sandbox
