#pragma once

#include <string_view>
#include <utility>

#include "agent/core/result.h"

namespace pareto::sandbox {

// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() { reset(); }

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

struct Pipe {
  FileDescriptor read_end;  // does not block
  FileDescriptor write_end;
};

// All descriptors made here are close-on-exec, and numbered above those that a child gets, so that
// arranging the child's can't overwrite one.
Result<Pipe> make_pipe();
struct SocketPair {
  FileDescriptor ours;  // does not block
  FileDescriptor theirs;
};
Result<SocketPair> make_socket_pair();
// The descriptor that the other end has sent.
Result<FileDescriptor> receive_descriptor(const FileDescriptor& socket);
// A file in memory that holds `content`, at its beginning.
Result<FileDescriptor> make_memory_file(std::string_view content);
// The same file with a position of its own, read-only. For sharing one file among children.
Result<FileDescriptor> reopen(const FileDescriptor& file);
Result<FileDescriptor> open_null();
Result<FileDescriptor> move_up(FileDescriptor descriptor);

// "what: strerror(errno)". Running out of descriptors or memory passes, so it is `unavailable`.
std::unexpected<Error> system_failure(std::string_view what);

}  // namespace pareto::sandbox
