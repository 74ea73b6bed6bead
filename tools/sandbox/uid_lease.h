#pragma once

#include <sys/types.h>

#include <optional>

#include "tools/sandbox/descriptor.h"

namespace pareto::sandbox {

// A uid that no other sandbox of this machine uses now, in this process or another. The claim is an
// abstract socket's name: it ends with its owner, however that dies, and leaves no file behind.
class UidLease {
 public:
  // The first free one of the range; nothing when all are taken.
  static std::optional<UidLease> take(unsigned first_uid, unsigned count);

  uid_t uid() const { return uid_; }

 private:
  UidLease(uid_t uid, FileDescriptor claim) : uid_(uid), claim_(std::move(claim)) {}

  uid_t uid_;
  FileDescriptor claim_;
};

}  // namespace pareto::sandbox
