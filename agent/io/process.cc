#include "agent/io/process.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "agent/io/process_start.h"
#include "agent/io/system_clock.h"

namespace pareto {

namespace {

// One blocking run: polls the pipes, the child and the stop token at once.
class Supervision {
 public:
  Supervision(const ProcessSpec& spec, Child child, int stopped)
      : spec_(spec),
        child_(std::move(child)),
        stopped_(stopped),
        out_(spec.head_bytes, spec.tail_bytes),
        err_(spec.head_bytes, spec.tail_bytes),
        input_(spec.input) {}

  // False: it was stopped.
  bool run(ProcessExit& exit);

 private:
  bool step(Milliseconds wait);
  void read(Descriptor& from, OutputKeeper& to);
  void write();
  void drain();

  const ProcessSpec& spec_;
  Child child_;
  int stopped_;
  OutputKeeper out_;
  OutputKeeper err_;
  std::string_view input_;
  bool exited_ = false;
};

void Supervision::read(Descriptor& from, OutputKeeper& to) {
  std::array<char, 16 * 1024> buffer;
  const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
  if (count > 0) {
    to.add({buffer.data(), static_cast<std::size_t>(count)});
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    from.reset();
  }
}

void Supervision::write() {
  if (!input_.empty()) {
    const ssize_t count = write_quietly(child_.in.get(), input_);
    if (count > 0) {
      input_.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EAGAIN && errno != EINTR) {
      input_ = {};  // the child does not want it
    }
  }
  if (input_.empty()) child_.in.reset();
}

// Waits for something to happen and does what can be done; true: stop was asked for.
bool Supervision::step(Milliseconds wait) {
  // poll ignores negative descriptors, which closed ones are.
  std::array<pollfd, 5> watched = {{{child_.out.get(), POLLIN, 0},
                                    {child_.err.get(), POLLIN, 0},
                                    {child_.in.get(), POLLOUT, 0},
                                    {exited_ ? -1 : child_.exited(), POLLIN, 0},
                                    {stopped_, POLLIN, 0}}};
  poll(watched.data(), watched.size(), static_cast<int>(wait.count()));
  if (watched[0].revents != 0) read(child_.out, out_);
  if (watched[1].revents != 0) read(child_.err, err_);
  if (watched[2].revents != 0) write();
  if (watched[3].revents != 0) exited_ = true;
  return watched[4].revents != 0;
}

void Supervision::drain() {
  const SystemClock clock;
  const Deadline deadline = Deadline::in(kDrain, clock.now());
  child_.in.reset();
  while ((child_.out.open() || child_.err.open()) && !deadline.passed(clock.now())) {
    step(deadline.left(clock.now()));
  }
}

bool Supervision::run(ProcessExit& exit) {
  const SystemClock clock;
  if (input_.empty()) child_.in.reset();
  while (!exited_) {
    const Instant now = clock.now();
    if (spec_.deadline.passed(now)) {
      exit.timed_out = true;
      break;
    }
    if (step(spec_.deadline.left(now))) return false;
  }
  child_.reap(exit);
  exited_ = true;
  drain();
  exit.out = out_.take();
  exit.err = err_.take();
  return true;
}

}  // namespace

Result<ProcessExit> run_process(const ProcessSpec& spec, std::stop_token stop) {
  const Descriptor stopped(stop.stop_possible() ? eventfd(0, EFD_CLOEXEC) : -1);
  const std::stop_callback on_stop(stop, [fd = stopped.get()] {
    const std::uint64_t one = 1;
    if (::write(fd, &one, sizeof one) < 0) return;  // an event descriptor is never full at 1
  });
  auto child = Child::start(spec);
  if (!child) return std::unexpected(child.error());
  ProcessExit exit;
  Supervision supervision(spec, std::move(*child), stopped.get());
  if (!supervision.run(exit)) {
    return fail(ErrorCode::cancelled, spec.command.front() + " was stopped.");
  }
  return exit;
}

}  // namespace pareto
