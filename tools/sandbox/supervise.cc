#include "tools/sandbox/supervise.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/sandbox/helper/protocol.h"
#include "tools/sandbox/output.h"
#include "tools/sandbox/process_tree.h"

namespace pareto::sandbox {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kTick{50};
// To set everything up, on a machine that is busy; not part of the command's own time.
constexpr milliseconds kStartTime{30'000};
// The kernel frees the memory and closes the files of a killed tree before it is gone.
constexpr milliseconds kPatience{20'000};
constexpr std::size_t kMaxComplaint = 2'000;

// Wakes a poll from another thread.
struct Wake {
  int fd;
  void operator()() const noexcept {
    const std::uint64_t one = 1;
    (void)!write(fd, &one, sizeof one);
  }
};

class Supervisor {
 public:
  Supervisor(Child child, const WatchOptions& options, FileDescriptor wake)
      : child_(std::move(child)),
        options_(options),
        wake_(std::move(wake)),
        tree_(child_.pid(), options.own_generations),
        output_(options.limits.output_head, options.limits.output_tail) {}

  Result<Watched> run(std::stop_token stop) {
    if (auto watching = watch_disk(); !watching) return std::unexpected(watching.error());
    const std::stop_callback on_stop(stop, Wake{wake_.get()});
    while (!ended_) {
      wait();
      if (stop.stop_requested()) {
        watched_.stopped = true;
        kill();
      }
      if (killed_ && Steady::now() - killed_at_ > kPatience) return undead();
    }
    if (!collect_tree()) return undead();
    drain(child_.out(), true);
    drain(child_.err(), false);
    drain_status();
    if (failure_) return std::unexpected(*failure_);
    return finish();
  }

 private:
  Result<void> watch_disk() {
    if (options_.workspace.empty()) return {};
    auto watch =
        DiskWatch::start(options_.workspace, options_.limits.written_bytes,
                         [this](dev_t device) { return tree_.unlinked_bytes(device, 4096); });
    if (!watch) return std::unexpected(watch.error());
    disk_ = std::move(*watch);
    return {};
  }

  void wait() {
    std::array<pollfd, 5> polled = {
        {{.fd = child_.process().get(), .events = POLLIN},
         {.fd = open_out_ ? child_.out().get() : -1, .events = POLLIN},
         {.fd = open_err_ ? child_.err().get() : -1, .events = POLLIN},
         {.fd = open_status_ ? child_.status().get() : -1, .events = POLLIN},
         {.fd = wake_.get(), .events = POLLIN}}};
    // After a kill the token would wake us for ever.
    if (killed_) polled[4].fd = -1;
    const auto now = Steady::now();
    const auto left =
        duration_cast<milliseconds>(std::min(next_look_, deadline_) - now).count() + 1;
    poll(polled.data(), polled.size(),
         static_cast<int>(std::clamp<std::int64_t>(left, 0, kTick.count())));
    if (polled[1].revents != 0) open_out_ = read_some(child_.out(), true) != Read::end;
    if (polled[2].revents != 0) open_err_ = read_some(child_.err(), false) != Read::end;
    if (polled[3].revents != 0) drain_status();
    if (polled[0].revents != 0) ended_ = true;
    if (!ended_) check_limits();
  }

  void check_limits() {
    const auto now = Steady::now();
    if (killed_) return;
    if (now >= deadline_) return stop_for(SandboxLimit::wall);
    if (printed_ > options_.limits.printed_bytes) return stop_for(SandboxLimit::output);
    if (now < next_look_) return;
    const SandboxLimits& limits = options_.limits;
    const TreeUse use = tree_.use(limits.processes, limits.memory_bytes);
    if (use.tasks > limits.processes) return stop_for(SandboxLimit::processes);
    if (use.memory_bytes > limits.memory_bytes) return stop_for(SandboxLimit::memory);
    if (disk_ && disk_->exceeded(now)) return stop_for(SandboxLimit::disk);
    next_look_ = Steady::now() + kTick;
  }

  void stop_for(SandboxLimit limit) {
    watched_.exit.limit = limit;
    kill();
  }

  // Again at every turn until the child ends: it may have been between two processes.
  void kill() {
    if (!std::exchange(killed_, true)) killed_at_ = Steady::now();
    tree_.kill();
  }

  enum class Read { piece, nothing, end };

  // One piece at a time, so that a command that never stops printing can't keep us from looking at
  // the clock.
  Read read_some(const FileDescriptor& from, bool is_stdout) {
    const ssize_t size = read(from.get(), buffer_.data(), buffer_.size());
    if (size < 0) return errno == EINTR ? Read::piece : Read::nothing;
    if (size == 0) return Read::end;
    const std::string_view piece(buffer_.data(), static_cast<std::size_t>(size));
    printed_ += size;
    output_.append(piece);
    if (is_stdout && options_.stdout_bytes > 0) keep_stdout(piece);
    return Read::piece;
  }

  void keep_stdout(std::string_view piece) {
    std::string& text = watched_.exit.stdout_text;
    const std::size_t room = options_.stdout_bytes - text.size();
    text += piece.substr(0, room);
    if (piece.size() > room) watched_.exit.stdout_cut = true;
  }

  // What is left in a pipe whose writers are gone; a pipe is small, so this ends.
  void drain(const FileDescriptor& from, bool is_stdout) {
    while (read_some(from, is_stdout) == Read::piece) {
    }
  }

  void drain_status() {
    for (;;) {
      char piece[256];
      const ssize_t size = read(child_.status().get(), piece, sizeof piece);
      if (size <= 0) {
        if (size == 0) open_status_ = false;
        break;
      }
      if (status_.size() < kMaxComplaint) status_.append(piece, static_cast<std::size_t>(size));
    }
    if (init_ || failure_ || status_.empty() || status_.front() != kStarted) return;
    // The child of bubblewrap, whose end is the end of everything in its namespace. The command
    // waits to be let go, so that it is still there.
    if (const pid_t init = tree_.first_child(); init != 0) {
      if (auto process = open_process(init)) init_ = std::move(*process);
    }
    if (options_.port != nullptr && !hand_on_listener()) return kill();
    child_.go();
    began_ = Steady::now();
    deadline_ = began_ + options_.limits.wall;
  }

  bool hand_on_listener() {
    auto listener = child_.listener();
    if (!listener) {
      failure_ = listener.error();
      return false;
    }
    options_.port->take(Descriptor(listener->release()));
    return true;
  }

  // bubblewrap may end before the last process of its namespace does.
  bool collect_tree() {
    exit_code_ = child_.reap();
    if (!init_) return true;
    kill_process(*init_);
    pollfd polled{.fd = init_->get(), .events = POLLIN};
    return poll(&polled, 1, static_cast<int>(kPatience.count())) == 1;
  }

  std::string complaint() const {
    if (!status_.empty()) return status_.substr(1);
    if (watched_.exit.timed_out) {
      return fmt::format("it was not ready after {} s", kStartTime.count() / 1000);
    }
    return watched_.exit.output.empty()
               ? fmt::format("it ended with exit code {} and no reason", exit_code_)
               : watched_.exit.output;
  }

  std::unexpected<Error> undead() {
    child_.abandon();
    return fail(
        ErrorCode::internal,
        fmt::format("sandbox: the processes below {} did not end within {} s of being killed; "
                    "look for one that waits for a device or a network file system",
                    child_.pid(), kPatience.count() / 1000));
  }

  Watched finish() {
    output_.finish();
    SandboxExit& exit = watched_.exit;
    exit.wall = duration_cast<Milliseconds>(Steady::now() - began_);
    exit.output = output_.text();
    exit.output_cut = output_.cut();
    exit.timed_out = exit.limit == SandboxLimit::wall;
    exit.exit_code = exit_code_;
    if (exit.exit_code > 128 && exit.exit_code <= 128 + 64) exit.signal = exit.exit_code - 128;
    if (!exit.limit && exit.signal == SIGXCPU) exit.limit = SandboxLimit::cpu;
    if (!exit.limit && exit.signal == SIGXFSZ) exit.limit = SandboxLimit::disk;
    watched_.started = !status_.empty() && status_.front() == kStarted;
    watched_.unmappable = !status_.empty() && status_.front() == kUnmappable;
    if (!watched_.started) watched_.complaint = complaint();
    return std::move(watched_);
  }

  Child child_;
  const WatchOptions& options_;
  FileDescriptor wake_;
  ProcessTree tree_;
  BoundedOutput output_;
  std::optional<DiskWatch> disk_;
  std::optional<FileDescriptor> init_;
  std::optional<Error> failure_;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
  std::string status_;
  Watched watched_;
  Steady::time_point began_ = Steady::now();
  Steady::time_point deadline_ = began_ + kStartTime;
  Steady::time_point next_look_ = began_ + kTick;
  Steady::time_point killed_at_;
  std::int64_t printed_ = 0;
  int exit_code_ = 0;
  bool open_out_ = true;
  bool open_err_ = true;
  bool open_status_ = true;
  bool ended_ = false;
  bool killed_ = false;
};

}  // namespace

Result<Watched> supervise(Child child, const WatchOptions& options, std::stop_token stop) {
  auto wake = move_up(FileDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
  if (!wake) return std::unexpected(wake.error());
  return Supervisor(std::move(child), options, std::move(*wake)).run(stop);
}

}  // namespace pareto::sandbox
