#pragma once

#include <string_view>
#include <utility>

#include "agent/core/result.h"

namespace pareto::sandbox {

// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read_end;  // does not block
  Descriptor write_end;
};

// All descriptors made here are close-on-exec, and numbered above those that a child gets, so that
// arranging the child's can't overwrite one.
Result<Pipe> make_pipe();
// A file in memory that holds `content`, at its beginning.
Result<Descriptor> make_memory_file(std::string_view content);
// The same file with a position of its own, read-only. For sharing one file among children.
Result<Descriptor> reopen(const Descriptor& file);
Result<Descriptor> open_null();
Result<Descriptor> move_up(Descriptor descriptor);

// "what: strerror(errno)". Running out of descriptors or memory passes, so it is `unavailable`.
std::unexpected<Error> system_failure(std::string_view what);

}  // namespace pareto::sandbox
