#include "tools/sandbox/seccomp_filter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <system_error>

namespace pareto::sandbox {
namespace {

// Refused with EPERM, whatever the arguments. Names unknown to this machine's libseccomp or
// architecture are left out; they are refused by number below where that matters.
constexpr const char* kRefused[] = {
    // Other processes.
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "kcmp",
    // Namespaces and mounts.
    "unshare",
    "setns",
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "name_to_handle_at",
    "open_by_handle_at",
    "fanotify_init",
    "quotactl",
    "quotactl_fd",
    "swapon",
    "swapoff",
    // The kernel itself.
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "keyctl",
    "add_key",
    "request_key",
    "syslog",
    "acct",
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "iopl",
    "ioperm",
    "modify_ldt",
    "vm86",
    "vm86old",
    "lookup_dcookie",
    "nfsservctl",
    "uselib",
    "ustat",
    "sysfs",
    "_sysctl",
    "vhangup",
    "settimeofday",
    "stime",
    "clock_settime",
    "clock_settime64",
    "clock_adjtime",
    "clock_adjtime64",
    "adjtimex",
    "personality",
    "set_mempolicy",
    "mbind",
    "migrate_pages",
    "move_pages",
    "get_mempolicy",
    // Memory that outlives or escapes the count of its process.
    "shmget",
    "shmat",
    "msgget",
    "memfd_secret",
};

// Refused as if the kernel did not know them: their callers then take an older way.
constexpr const char* kUnknown[] = {
    "clone3",  // its flags lie in memory, where a filter can't look
    "openat2", "io_uring_setup", "io_uring_enter", "io_uring_register", "memfd_create",
};

// Time namespaces have no flag in clone: its lowest byte is a signal.
constexpr std::uint64_t kNamespaceFlags[] = {CLONE_NEWUSER,  CLONE_NEWNS,  CLONE_NEWPID,
                                             CLONE_NEWNET,   CLONE_NEWIPC, CLONE_NEWUTS,
                                             CLONE_NEWCGROUP};

// Calls that set a file's mode, which argument that is, and which argument holds the flags without
// which the mode is not looked at (and may be anything), if any.
struct ModeCall {
  const char* name;
  unsigned mode;
  unsigned flags = 0;
};
constexpr ModeCall kModeCalls[] = {
    {"chmod", 1}, {"fchmod", 1},  {"fchmodat", 2}, {"fchmodat2", 2}, {"creat", 1},
    {"mknod", 1}, {"mknodat", 2}, {"open", 2, 1},  {"openat", 3, 2},
};
constexpr std::uint64_t kCreatingFlags[] = {O_CREAT, O_TMPFILE & ~O_DIRECTORY};

constexpr int kFamilies[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

class Rules {
 public:
  explicit Rules(scmp_filter_ctx context) : context_(context) {}

  void refuse(const char* name, int error) { add(name, error, {}); }
  void refuse_if(const char* name, std::initializer_list<scmp_arg_cmp> all_of) {
    add(name, EPERM, all_of);
  }
  int error() const { return error_; }

 private:
  void add(const char* name, int error, std::initializer_list<scmp_arg_cmp> all_of) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) return;
    const int result = seccomp_rule_add_array(context_, SCMP_ACT_ERRNO(error), number,
                                              static_cast<unsigned>(all_of.size()), all_of.begin());
    // EDOM: not a call of this architecture.
    if (result != 0 && result != -EDOM && error_ == 0) error_ = -result;
  }

  scmp_filter_ctx context_;
  int error_ = 0;
};

scmp_arg_cmp has(unsigned argument, std::uint64_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, bits, bits};
}

// The kernel looks at the lower half of such an argument only; comparing all of it would let
// 0x1_0000_5412 pass for 0x5412.
scmp_arg_cmp lower_half_is(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, 0xFFFFFFFF, value};
}

void add_rules(Rules& rules) {
  for (const char* name : kRefused) rules.refuse(name, EPERM);
  for (const char* name : kUnknown) rules.refuse(name, ENOSYS);
  for (const std::uint64_t flag : kNamespaceFlags) rules.refuse_if("clone", {has(0, flag)});
  for (const ModeCall& call : kModeCalls) {
    for (const std::uint64_t bit : {S_ISUID, S_ISGID}) {
      if (call.flags == 0) rules.refuse_if(call.name, {has(call.mode, bit)});
      for (const std::uint64_t flag : kCreatingFlags) {
        if (call.flags != 0)
          rules.refuse_if(call.name, {has(call.flags, flag), has(call.mode, bit)});
      }
    }
  }
  for (const std::uint64_t request : {TIOCSTI, TIOCLINUX}) {
    rules.refuse_if("ioctl", {lower_half_is(1, request)});
  }
  // A filter that permits by default can't name "all but these": one rule for each other family up
  // to the highest permitted one, and one for all above.
  for (std::uint64_t family = 0; family <= AF_NETLINK; ++family) {
    bool permitted = false;
    for (const int one : kFamilies) permitted |= family == static_cast<std::uint64_t>(one);
    if (!permitted) {
      rules.refuse_if("socket", {lower_half_is(0, family)});
    }
  }
  rules.refuse_if("socket", {scmp_arg_cmp{0, SCMP_CMP_GT, AF_NETLINK, 0}});
}

}  // namespace

Result<FileDescriptor> make_seccomp_filter() {
  using Context = std::unique_ptr<void, decltype(&seccomp_release)>;
  const Context context(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
  const auto failure = [](int error) {
    return fail(ErrorCode::unavailable,
                fmt::format("sandbox: could not make the seccomp filter: {}",
                            std::generic_category().message(error)));
  };
  if (!context) return failure(ENOMEM);
  // Calls by the 32-bit or x32 tables would pass by rules that name the native numbers.
  int result = seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
  if (result != 0) return failure(-result);
  Rules rules(context.get());
  add_rules(rules);
  if (rules.error() != 0) return failure(rules.error());
  // A binary tree of numbers rather than a list: every system call of the command passes here.
  // Old versions of the library don't know it, and are only slower.
  (void)seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  auto file = make_memory_file("");
  if (!file) return std::unexpected(file.error());
  result = seccomp_export_bpf(context.get(), file->get());
  if (result != 0) return failure(-result);
  return file;
}

}  // namespace pareto::sandbox
