#include "agent/io/process_start.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

namespace pareto {

namespace {

// posix_spawn's two descriptions, freed together.
struct SpawnPlan {
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorCode::internal, fmt::format("No pipe could be made: {}. Close some files or "
                                                 "raise the limit of open files (ulimit -n).",
                                                 std::strerror(errno)));
  }
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// Descriptors are first copied to numbers above all targets: a target may be another's source.
Result<void> plan_descriptors(SpawnPlan& plan, std::vector<std::pair<int, int>> wanted,
                              std::vector<Descriptor>& copies) {
  int above = 3;
  for (const auto& [ours, theirs] : wanted) above = std::max(above, theirs + 1);
  std::sort(wanted.begin(), wanted.end(),
            [](const auto& a, const auto& b) { return a.second < b.second; });
  int next = 0;
  for (const auto& [ours, theirs] : wanted) {
    const int copy = fcntl(ours, F_DUPFD_CLOEXEC, above);
    if (copy < 0) {
      return fail(ErrorCode::internal, fmt::format("Descriptor {} can't be given to the child: {}.",
                                                   ours, std::strerror(errno)));
    }
    copies.emplace_back(copy);
    for (; next < theirs; ++next) posix_spawn_file_actions_addclose(&plan.actions, next);
    posix_spawn_file_actions_adddup2(&plan.actions, copy, theirs);
    next = theirs + 1;
  }
  posix_spawn_file_actions_addclosefrom_np(&plan.actions, next);
  return {};
}

void plan_attributes(SpawnPlan& plan) {
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&plan.attributes, &none);
  posix_spawnattr_setsigdefault(&plan.attributes, &all);
  posix_spawnattr_setpgroup(&plan.attributes, 0);
  posix_spawnattr_setflags(&plan.attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

Error spawn_error(const ProcessSpec& spec, int number) {
  const std::string where = spec.folder.empty() ? "" : fmt::format(" in {}", spec.folder);
  const std::string text =
      fmt::format("{} can't be started{}: {}.", spec.command.front(), where, std::strerror(number));
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return {ErrorCode::not_found, text +
                                        " Check that the program is installed and in PATH, and "
                                        "that the folder exists."};
    case EACCES:
    case EPERM:
    case ENOEXEC:
      return {ErrorCode::denied, text +
                                     " Check that it is an executable file that this user may "
                                     "run."};
    default:
      return {ErrorCode::internal, text};
  }
}

void unblock(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

Result<pid_t> spawn(const ProcessSpec& spec, SpawnPlan& plan) {
  if (!spec.folder.empty()) {
    posix_spawn_file_actions_addchdir_np(&plan.actions, spec.folder.c_str());
  }
  plan_attributes(plan);
  std::vector<char*> arguments = pointers(spec.command);
  std::vector<char*> variables;
  if (spec.environment) variables = pointers(*spec.environment);
  pid_t pid = 0;
  const int failed =
      posix_spawnp(&pid, spec.command.front().c_str(), &plan.actions, &plan.attributes,
                   arguments.data(), spec.environment ? variables.data() : environ);
  if (failed != 0) return std::unexpected(spawn_error(spec, failed));
  return pid;
}

Milliseconds milliseconds(const timeval& time) {
  return std::chrono::duration_cast<Milliseconds>(std::chrono::seconds(time.tv_sec) +
                                                  std::chrono::microseconds(time.tv_usec));
}

}  // namespace

Child::Child(pid_t pid, Descriptor exited)
    : pid_(pid), exited_(std::move(exited)), began_(std::chrono::steady_clock::now()) {}

Child::Child(Child&& other) noexcept
    : in(std::move(other.in)),
      out(std::move(other.out)),
      err(std::move(other.err)),
      pid_(std::exchange(other.pid_, -1)),
      exited_(std::move(other.exited_)),
      began_(other.began_) {}

Child::~Child() {
  if (reaped()) return;
  ProcessExit ignored;
  reap(ignored);
}

Result<Child> Child::start(const ProcessSpec& spec) {
  if (spec.command.empty() || spec.command.front().empty()) {
    return fail(ErrorCode::invalid, "A command to start is expected, but it is empty.");
  }
  auto in = make_pipe();
  if (!in) return std::unexpected(in.error());
  auto out = make_pipe();
  if (!out) return std::unexpected(out.error());
  auto err = make_pipe();
  if (!err) return std::unexpected(err.error());
  SpawnPlan plan;
  std::vector<Descriptor> copies;
  auto wanted = spec.descriptors;
  wanted.insert(wanted.end(), {{in->read.get(), 0}, {out->write.get(), 1}, {err->write.get(), 2}});
  if (auto planned = plan_descriptors(plan, std::move(wanted), copies); !planned) {
    return std::unexpected(planned.error());
  }
  const auto pid = spawn(spec, plan);
  if (!pid) return std::unexpected(pid.error());
  const auto exited = static_cast<int>(syscall(SYS_pidfd_open, *pid, 0));
  Child child(*pid, Descriptor(exited));
  if (exited < 0) {
    return fail(ErrorCode::internal, fmt::format("A child process can't be watched: {}. Linux 5.3 "
                                                 "or newer is needed.",
                                                 std::strerror(errno)));
  }
  child.in = std::move(in->write);
  child.out = std::move(out->read);
  child.err = std::move(err->read);
  for (const Descriptor* end : {&child.in, &child.out, &child.err}) unblock(end->get());
  return child;
}

void Child::signal_group(int number) const {
  if (pid_ > 0) kill(-pid_, number);
}

void Child::reap(ProcessExit& exit) {
  // Before reaping: until then nobody else can be given the number of the group.
  kill(-pid_, SIGKILL);
  int status = 0;
  rusage used{};
  while (wait4(pid_, &status, 0, &used) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  exit.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  exit.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  exit.cpu = milliseconds(used.ru_utime) + milliseconds(used.ru_stime);
  exit.peak_kb = static_cast<std::size_t>(used.ru_maxrss);
  exit.took = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - began_);
}

ssize_t write_quietly(int fd, std::string_view bytes) {
  sigset_t broken_pipe;
  sigset_t before;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
  const ssize_t written = write(fd, bytes.data(), bytes.size());
  const int number = errno;
  if (written < 0 && number == EPIPE && sigismember(&before, SIGPIPE) == 0) {
    const timespec at_once{};
    sigtimedwait(&broken_pipe, nullptr, &at_once);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = number;
  return written;
}

}  // namespace pareto
