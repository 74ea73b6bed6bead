#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "agent/io/descriptor.h"
#include "agent/io/process.h"

// What the blocking and the asynchronous side share. Internal to agent/io.

namespace pareto {

// Keeps the start and the end of what is added.
class OutputKeeper {
 public:
  OutputKeeper(std::size_t head, std::size_t tail) : head_limit_(head), tail_limit_(tail) {}
  void add(std::string_view bytes);
  ProcessOutput take();

 private:
  std::size_t head_limit_;
  std::size_t tail_limit_;
  std::string head_;
  std::string tail_;  // up to twice its limit, so that cutting it is rare
  std::size_t dropped_ = 0;
};

// A running child; our ends of its pipes do not block. Destroying it kills the group and reaps.
class Child {
 public:
  static Result<Child> start(const ProcessSpec& spec);
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;

  pid_t pid() const { return pid_; }
  int exited() const { return exited_.get(); }  // readable once the child has ended (a pidfd)
  int release_exited() { return exited_.release(); }
  bool reaped() const { return pid_ <= 0; }
  void signal_group(int number) const;
  // Kills what is left of the group and reaps the child, which has ended or is ended by this. Fills
  // in how it ended.
  void reap(ProcessExit& exit);

  Descriptor in;
  Descriptor out;
  Descriptor err;

 private:
  Child(pid_t pid, Descriptor exited);

  pid_t pid_;
  Descriptor exited_;
  std::chrono::steady_clock::time_point began_;
};

// write(2) that gives EPIPE without SIGPIPE.
ssize_t write_quietly(int fd, std::string_view bytes);

// How long the outputs of an ended child are still read: something that left its group may hold
// them open for ever.
inline constexpr Milliseconds kDrain{200};

}  // namespace pareto
