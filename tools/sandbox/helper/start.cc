#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/sandbox/helper/modes.h"
#include "tools/sandbox/helper/protocol.h"

namespace pareto::sandbox {
namespace {

void limit(decltype(RLIMIT_CPU) what, unsigned long soft, unsigned long hard, const char* name) {
  rlimit now;
  if (getrlimit(what, &now) != 0) give_up(kFailed, name);
  // The caller may be held tighter than that already.
  rlimit wanted{.rlim_cur = soft, .rlim_max = hard};
  if (wanted.rlim_max > now.rlim_max) wanted.rlim_max = now.rlim_max;
  if (wanted.rlim_cur > wanted.rlim_max) wanted.rlim_cur = wanted.rlim_max;
  if (setrlimit(what, &wanted) != 0) give_up(kFailed, name);
}

void limit_unless_zero(decltype(RLIMIT_CPU) what, unsigned long value, const char* name) {
  if (value != 0) limit(what, value, value, name);
}

void set_limits(const Start& options) {
  limit(RLIMIT_CORE, 0, 0, "RLIMIT_CORE");
  limit(RLIMIT_MEMLOCK, 64 << 10, 64 << 10, "RLIMIT_MEMLOCK");
  limit(RLIMIT_MSGQUEUE, 0, 0, "RLIMIT_MSGQUEUE");
  // SIGXCPU first, which says what happened, then SIGKILL.
  if (options.cpu_seconds != 0) {
    limit(RLIMIT_CPU, options.cpu_seconds, options.cpu_seconds + 1, "RLIMIT_CPU");
  }
  limit_unless_zero(RLIMIT_AS, options.address_space, "RLIMIT_AS");
  limit_unless_zero(RLIMIT_FSIZE, options.file_bytes, "RLIMIT_FSIZE");
  limit_unless_zero(RLIMIT_NOFILE, options.open_files, "RLIMIT_NOFILE");
  // Since Linux 5.14 processes are counted for each user namespace, so that set here, inside of a
  // new one, the limit counts those of this command alone.
  limit_unless_zero(RLIMIT_NPROC, options.processes, "RLIMIT_NPROC");
}

// Sockets belong to the network namespace that they were made in, whoever holds them: the caller,
// outside, takes the connections that are made in here.
void hand_over(int listener) {
  char byte = 0;
  iovec data{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof listener)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  cmsghdr* control = CMSG_FIRSTHDR(&message);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof listener);
  memcpy(CMSG_DATA(control), &listener, sizeof listener);
  if (sendmsg(kListenerFd, &message, MSG_NOSIGNAL) != 1) give_up(kFailed, "sendmsg");
}

void listen_at(unsigned long port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, SOMAXCONN) != 0) {
    give_up(kFailed, "the port of the loopback");
  }
  hand_over(listener);
  close(listener);
}

void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Kills and reaps every descendant: those whose parent has died become children of this process.
void kill_children() {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
  for (;;) {
    FILE* file = fopen(path, "re");
    int child = 0;
    while (file != nullptr && fscanf(file, "%d", &child) == 1) kill(child, SIGKILL);
    if (file != nullptr) fclose(file);
    const pid_t reaped = waitpid(-1, nullptr, file != nullptr ? 0 : WNOHANG);
    if (reaped == 0 || (reaped < 0 && errno == ECHILD)) return;
  }
}

}  // namespace

void start(const Start& options) {
  set_limits(options);
  reset_signals();
  if (options.listen_port != 0) listen_at(options.listen_port);
  const char started = kStarted;
  unsigned long long go = 0;
  if (write(kStatusFd, &started, 1) != 1) _exit(125);
  // Should the parent die meanwhile, this process is killed with it.
  if (read(kGoFd, &go, sizeof go) != static_cast<ssize_t>(sizeof go)) _exit(125);
  close_range(kStatusFd, ~0U, 0);
  execvp(options.argv[0], options.argv);
  const int error = errno;
  fprintf(stderr, "%s: %s\n", options.argv[0],
          error == ENOENT ? "command not found" : strerror(error));
  _exit(error == ENOENT ? 127 : 126);
}

void bare(pid_t parent, bool cgroup, const char* folder, const Start& options) {
  die_with(parent);
  if (cgroup) enter_cgroup();
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) give_up(kFailed, "prctl(PR_SET_CHILD_SUBREAPER)");
  if (chdir(folder) != 0) give_up(kFailed, folder);
  const pid_t child = fork();
  if (child < 0) give_up(kFailed, "fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    start(options);
  }
  close_range(kStatusFd, ~0U, 0);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  kill_children();
  _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

}  // namespace pareto::sandbox
