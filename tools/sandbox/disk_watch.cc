#include "tools/sandbox/disk_watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace pareto::sandbox {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

// Each level holds a descriptor open.
constexpr std::size_t kMaxDepth = 128;
constexpr std::int64_t kBlock = 4096;
constexpr std::chrono::nanoseconds kUnpromptedPause = std::chrono::seconds(1);

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// The folder may be changed under the walk by somebody who wishes us ill, so it goes by
// descriptors and never over a symlink.
Directory open_folder(int parent, const char* name) {
  const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return nullptr;
  Directory directory(fdopendir(fd));
  if (!directory) close(fd);
  return directory;
}

class Walk {
 public:
  Walk(dev_t device, nanoseconds since, std::int64_t enough, SteadyTime deadline)
      : device_(device), since_(since), enough_(enough), deadline_(deadline) {}

  Written run(int root) {
    written_.complete = true;
    push(root, ".");
    while (!open_.empty()) {
      const dirent* entry = readdir(open_.back().get());
      if (entry == nullptr) {
        open_.pop_back();
        continue;
      }
      visit(entry->d_name);
      if (written_.bytes >= enough_ || (++visited_ % 256 == 0 && Steady::now() >= deadline_)) {
        written_.complete = false;
        break;
      }
    }
    return written_;
  }

 private:
  void push(int parent, const char* name) {
    if (open_.size() == kMaxDepth) {
      written_.complete = false;
    } else if (Directory directory = open_folder(parent, name)) {
      open_.push_back(std::move(directory));
    }
  }

  void visit(const char* name) {
    const std::string_view text = name;
    if (text == "." || text == "..") return;
    const int parent = dirfd(open_.back().get());
    struct stat info{};
    if (fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || info.st_dev != device_) return;
    if (seconds(info.st_ctim.tv_sec) + nanoseconds(info.st_ctim.tv_nsec) > since_) count(info);
    if (S_ISDIR(info.st_mode)) push(parent, name);
  }

  void count(const struct stat& info) {
    const bool many_names = info.st_nlink > 1 && !S_ISDIR(info.st_mode);
    if (many_names && !seen_.insert(info.st_ino).second) return;
    written_.bytes += std::max<std::int64_t>(info.st_blocks * 512, kBlock);
  }

  dev_t device_;
  nanoseconds since_;
  std::int64_t enough_;
  SteadyTime deadline_;
  Written written_;
  std::vector<Directory> open_;
  std::set<ino_t> seen_;
  std::uint64_t visited_ = 0;
};

dev_t device_of(const FileDescriptor& folder) {
  struct stat info{};
  return fstat(folder.get(), &info) == 0 ? info.st_dev : 0;
}

}  // namespace

Written written_since(const FileDescriptor& folder, nanoseconds since_epoch, std::int64_t enough,
                      SteadyTime deadline) {
  return Walk(device_of(folder), since_epoch, enough, deadline).run(folder.get());
}

Result<DiskWatch> DiskWatch::start(const std::string& folder, std::int64_t limit_bytes,
                                   Unlinked unlinked) {
  auto opened = move_up(FileDescriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  if (!opened) return system_failure(folder);
  DiskWatch watch;
  watch.folder_ = std::move(*opened);
  watch.device_ = device_of(watch.folder_);
  watch.limit_ = limit_bytes;
  watch.unlinked_ = std::move(unlinked);
  watch.since_epoch_ = std::chrono::system_clock::now().time_since_epoch();
  watch.free_at_start_ = watch.free_bytes();
  watch.next_unprompted_walk_ = Steady::now() + kUnpromptedPause;
  return watch;
}

std::int64_t DiskWatch::free_bytes() const {
  struct statvfs info{};
  if (fstatvfs(folder_.get(), &info) != 0) return 0;
  return static_cast<std::int64_t>(info.f_bfree * info.f_frsize) +
         static_cast<std::int64_t>(info.f_ffree) * kBlock;
}

bool DiskWatch::exceeded(SteadyTime now) {
  const std::int64_t lost = free_at_start_ - free_bytes();
  if (now < (lost < limit_ / 2 ? next_unprompted_walk_ : next_walk_)) return false;
  const Written written = written_since(folder_, since_epoch_, limit_, now + milliseconds(200));
  const auto after = Steady::now();
  next_walk_ = after + 2 * (after - now);
  next_unprompted_walk_ = after + std::max<nanoseconds>(kUnpromptedPause, 19 * (after - now));
  if (written.bytes >= limit_) return true;
  if (lost < limit_) return false;
  // Don't wait for a full disk when the walk could not see where the space went.
  return !written.complete || written.bytes + unlinked_(device_) >= limit_;
}

}  // namespace pareto::sandbox
