#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "tools/sandbox/descriptor.h"

namespace pareto::sandbox {

// What a child is given; descriptor numbers are those of helper/protocol.h.
struct SpawnRequest {
  const std::vector<std::string>& argv;         // argv[0] is the absolute path of the program
  const std::vector<std::string>& environment;  // "NAME=value", the whole of it
  const FileDescriptor& stdin_file;
  const FileDescriptor* seccomp = nullptr;
  const FileDescriptor* passwd = nullptr;
  const FileDescriptor* group = nullptr;
  const FileDescriptor* cgroup = nullptr;
  bool listens = false;  // it will send a listening socket
};

// A started `pareto-sandbox`; reaped, and killed before if need be, with this object.
class Child {
 public:
  static Result<Child> spawn(const SpawnRequest& request);

  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  const FileDescriptor& process() const { return process_; }  // readable when it has ended
  const FileDescriptor& out() const { return out_; }          // these three don't block
  const FileDescriptor& err() const { return err_; }
  const FileDescriptor& status() const { return status_; }
  // The listening socket of a child that listens, once it has said that it is ready.
  Result<FileDescriptor> listener() const { return receive_descriptor(listener_); }

  // Lets the command start, once it has said that it is ready.
  void go();

  // Once, after `process` became readable: the exit code, or 128 + N after signal N.
  int reap();

  // Gives up on a child that can't be killed, so that nobody waits for it.
  void abandon() { pid_ = -1; }

 private:
  Child() = default;

  pid_t pid_ = -1;
  FileDescriptor process_;
  FileDescriptor out_;
  FileDescriptor err_;
  FileDescriptor status_;
  FileDescriptor go_;
  FileDescriptor listener_;
};

}  // namespace pareto::sandbox
