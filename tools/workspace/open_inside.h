#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pareto {

// A file descriptor that is closed with its owner.
class OpenFile {
 public:
  OpenFile() = default;
  explicit OpenFile(int fd) : fd_(fd) {}
  OpenFile(OpenFile&& other) noexcept : fd_(other.release()) {}
  OpenFile& operator=(OpenFile&& other) noexcept;
  ~OpenFile();
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  int release();

 private:
  int fd_ = -1;
};

// openat2(RESOLVE_BENEATH) or, where the kernel has none, a walk that follows no symlink at all.
// Returns a descriptor or -1 with errno. For Folder and what walks beside it.
int open_inside(int root, const std::string& path, int flags, unsigned mode);
int walk_inside(int root, const std::string& path, int flags, unsigned mode);

// The parts of a path between its slashes, without "." and empty ones.
std::vector<std::string> path_parts(std::string_view path);

}  // namespace pareto
