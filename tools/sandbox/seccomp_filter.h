#pragma once

#include "agent/core/result.h"
#include "tools/sandbox/descriptor.h"

namespace pareto::sandbox {

// The system call filter as a BPF program in a memory file, ready for `bwrap --seccomp FD`.
//
// It is the second wall behind the namespaces: it refuses what no build or test needs and what has
// been the way out of sandboxes (other namespaces, mounts, tracing, kernel keys, BPF, io_uring,
// typing into terminals), memory that no limit would count, set-user-id files (the workspace
// outlives the sandbox, and there such a file would run as its owner), and every socket family but
// Unix, IP (the network namespace has nothing but a loopback of its own) and netlink. Refused calls
// fail with EPERM rather than kill, so that whoever reads the output sees why.
Result<FileDescriptor> make_seccomp_filter();

}  // namespace pareto::sandbox
