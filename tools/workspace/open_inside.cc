#include "tools/workspace/open_inside.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "agent/io/descriptor.h"

namespace pareto {

int walk_inside(int root, const std::string& path, int flags, unsigned mode) {
  const std::vector<std::string> parts = path_parts(path);
  if (parts.empty()) return ::openat(root, ".", flags | O_NOFOLLOW | O_CLOEXEC, mode);
  Descriptor folder;
  int at = root;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == "..") {
      errno = EXDEV;
      return -1;
    }
    const bool last = i + 1 == parts.size();
    const int how = last ? flags : O_PATH | O_DIRECTORY;
    Descriptor next(::openat(at, parts[i].c_str(), how | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!next.open()) return -1;
    if (last) return next.release();
    folder = std::move(next);
    at = folder.get();
  }
  return -1;
}

int open_inside(int root, const std::string& path, int flags, unsigned mode) {
  struct open_how how = {};
  how.flags = static_cast<__u64>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: a rename elsewhere raced with the walk.
  for (int attempt = 0; attempt < 16; ++attempt) {
    const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (fd >= 0) return static_cast<int>(fd);
    if (errno == ENOSYS || errno == EPERM) return walk_inside(root, path, flags, mode);
    if (errno != EAGAIN && errno != EINTR) return -1;
  }
  return -1;
}

std::vector<std::string> path_parts(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return parts;
}

}  // namespace pareto
