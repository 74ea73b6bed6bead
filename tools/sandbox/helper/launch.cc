#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tools/sandbox/helper/modes.h"
#include "tools/sandbox/helper/protocol.h"

namespace pareto::sandbox {

void die_with(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up(kFailed, "prctl(PR_SET_PDEATHSIG)");
  // It may have died before the signal was asked for.
  if (getppid() != parent) _exit(125);
}

void enter_cgroup() {
  if (write(kCgroupFd, "0", 1) != 1) give_up(kFailed, "could not enter the cgroup");
  close(kCgroupFd);
}

void launch(const Launch& options) {
  die_with(options.parent);
  // bubblewrap hands every descriptor on to the command.
  if (close_range(options.cgroup ? kFirstFreeFd : kCgroupFd, ~0U, 0) != 0) {
    give_up(kFailed, "close_range");
  }
  if (options.cgroup) enter_cgroup();
  if (options.stage_count > 0) mount_stages(options);
  if (options.uid != 0) {
    if (setgroups(0, nullptr) != 0) give_up(kFailed, "setgroups");
    if (setresgid(options.uid, options.uid, options.uid) != 0) give_up(kFailed, "setresgid");
    if (setresuid(options.uid, options.uid, options.uid) != 0) give_up(kFailed, "setresuid");
    die_with(options.parent);  // a change of uid has cleared it
  }
  execv(options.argv[0], options.argv);
  give_up(kFailed, options.argv[0]);
}

}  // namespace pareto::sandbox
