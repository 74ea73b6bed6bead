#include "tools/sandbox/child.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "tools/sandbox/helper/protocol.h"
#include "tools/sandbox/process_tree.h"

namespace pareto::sandbox {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// posix_spawn rather than fork: in a process with threads little is allowed between fork and exec,
// and copying the page tables of a large process takes longer than all the rest.
class Actions {
 public:
  Actions() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    // A session of its own: ^C in the terminal is for this program to handle.
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  ~Actions() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  void give(const FileDescriptor* descriptor, int number) {
    if (descriptor != nullptr) {
      posix_spawn_file_actions_adddup2(&actions_, descriptor->get(), number);
    } else {
      posix_spawn_file_actions_addclose(&actions_, number);
    }
  }

  // Zero or an error number.
  int spawn(const SpawnRequest& request, pid_t& pid) {
    posix_spawn_file_actions_addclosefrom_np(&actions_, kFirstFreeFd);
    std::vector<char*> argv = pointers(request.argv);
    std::vector<char*> environment = pointers(request.environment);
    return posix_spawn(&pid, argv.front(), &actions_, &attributes_, argv.data(),
                       environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

Result<Child> Child::spawn(const SpawnRequest& request) {
  auto out = make_pipe();
  if (!out) return std::unexpected(out.error());
  auto err = make_pipe();
  if (!err) return std::unexpected(err.error());
  auto status = make_pipe();
  if (!status) return std::unexpected(status.error());
  // Not a pipe: writing to one whose reader was killed raises SIGPIPE.
  auto go = move_up(FileDescriptor(eventfd(0, EFD_CLOEXEC)));
  if (!go) return std::unexpected(go.error());
  SocketPair sockets;
  if (request.listens) {
    auto made = make_socket_pair();
    if (!made) return std::unexpected(made.error());
    sockets = std::move(*made);
  }
  Actions actions;
  actions.give(&request.stdin_file, 0);
  actions.give(&out->write_end, 1);
  actions.give(&err->write_end, 2);
  actions.give(&status->write_end, kStatusFd);
  actions.give(request.seccomp, kSeccompFd);
  actions.give(request.passwd, kPasswdFd);
  actions.give(request.group, kGroupFd);
  actions.give(&*go, kGoFd);
  actions.give(request.cgroup, kCgroupFd);
  actions.give(request.listens ? &sockets.theirs : nullptr, kListenerFd);
  Child child;
  if (const int error = actions.spawn(request, child.pid_); error != 0) {
    errno = error;
    child.pid_ = -1;
    return system_failure(request.argv.front());
  }
  child.out_ = std::move(out->read_end);
  child.err_ = std::move(err->read_end);
  child.status_ = std::move(status->read_end);
  child.go_ = std::move(*go);
  child.listener_ = std::move(sockets.ours);
  auto process = open_process(child.pid_);
  if (!process) return std::unexpected(process.error());
  child.process_ = std::move(*process);
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      process_(std::move(other.process_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)),
      status_(std::move(other.status_)),
      go_(std::move(other.go_)),
      listener_(std::move(other.listener_)) {}

Child::~Child() {
  if (pid_ < 0) return;
  ProcessTree(pid_, 0).kill();
  ::kill(pid_, SIGKILL);
  reap();
}

void Child::go() {
  const std::uint64_t one = 1;
  (void)!write(go_.get(), &one, sizeof one);  // can't fail: the counter is zero
}

int Child::reap() {
  const pid_t pid = std::exchange(pid_, -1);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace pareto::sandbox
