
#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

#include "agent/io/loop_asio.h"
#include "agent/io/process.h"
#include "agent/io/process_start.h"
#include "agent/io/system_clock.h"

namespace pareto {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;

namespace {

// Shared with the handlers that are queued; `closed` tells those that come late.
class Supervisor : public std::enable_shared_from_this<Supervisor> {
 public:
  Supervisor(asio::io_context& context, ProcessSpec spec, ProcessHandlers handlers, Child child);

  void begin(ProcessInput input);
  void close();
  void write(std::string bytes);
  void close_input();

  const Child& child() const { return child_; }
  std::size_t unwritten() const { return queue_.size() - queue_offset_; }

 private:
  struct Output {
    stream_descriptor from;
    OutputKeeper keeper;
    std::move_only_function<void(std::string_view)> handler;
    std::array<char, 8192> buffer;
  };

  void read(Output& output);
  void take(Output& output, std::size_t size);
  void pump();
  void ended();
  void finish();

  ProcessSpec spec_;
  std::move_only_function<void(ProcessExit)> on_exit_;
  Child child_;
  stream_descriptor in_;
  Output out_;
  Output err_;
  stream_descriptor exited_;
  asio::steady_timer timer_;
  std::string queue_;
  std::size_t queue_offset_ = 0;
  ProcessExit exit_;
  bool input_ends_ = false;
  bool writing_ = false;
  bool ended_ = false;
  bool closed_ = false;
};

Supervisor::Supervisor(asio::io_context& context, ProcessSpec spec, ProcessHandlers handlers,
                       Child child)
    : spec_(std::move(spec)),
      on_exit_(std::move(handlers.on_exit)),
      child_(std::move(child)),
      in_(context, child_.in.release()),
      out_{stream_descriptor(context, child_.out.release()),
           OutputKeeper(spec_.head_bytes, spec_.tail_bytes),
           std::move(handlers.on_out),
           {}},
      err_{stream_descriptor(context, child_.err.release()),
           OutputKeeper(spec_.head_bytes, spec_.tail_bytes),
           std::move(handlers.on_err),
           {}},
      exited_(context, child_.release_exited()),
      timer_(context) {}

void Supervisor::begin(ProcessInput input) {
  queue_ = std::move(spec_.input);
  input_ends_ = input == ProcessInput::closed_after_input;
  read(out_);
  read(err_);
  pump();
  exited_.async_wait(stream_descriptor::wait_read,
                     [self = shared_from_this()](const error_code& error) {
                       if (!error && !self->closed_) self->ended();
                     });
  if (spec_.deadline == Deadline::never()) return;
  timer_.expires_after(spec_.deadline.left(SystemClock().now()));
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->closed_ || self->ended_) return;
    self->exit_.timed_out = true;
    self->child_.signal_group(SIGKILL);
  });
}

void Supervisor::read(Output& output) {
  output.from.async_read_some(
      asio::buffer(output.buffer),
      [self = shared_from_this(), &output](const error_code& error, std::size_t size) {
        if (self->closed_) return;
        if (size > 0) self->take(output, size);
        if (self->closed_) return;
        if (!error) return self->read(output);
        output.from.close();
        self->finish();
      });
}

void Supervisor::take(Output& output, std::size_t size) {
  const std::string_view bytes(output.buffer.data(), size);
  if (output.handler) {
    output.handler(bytes);
  } else {
    output.keeper.add(bytes);
  }
}

void Supervisor::write(std::string bytes) {
  if (!in_.is_open() || input_ends_) return;
  queue_.append(bytes);
  pump();
}

void Supervisor::close_input() {
  input_ends_ = true;
  pump();
}

// Writes what the pipe takes now and waits for room for the rest.
void Supervisor::pump() {
  if (writing_ || !in_.is_open()) return;
  while (unwritten() > 0) {
    const std::string_view rest = std::string_view(queue_).substr(queue_offset_);
    const ssize_t count = write_quietly(in_.native_handle(), rest);
    if (count >= 0) {
      queue_offset_ += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      input_ends_ = true;  // the child does not want it
      break;
    }
    queue_.erase(0, std::exchange(queue_offset_, 0));
    writing_ = true;
    in_.async_wait(stream_descriptor::wait_write,
                   [self = shared_from_this()](const error_code& error) {
                     self->writing_ = false;
                     if (!error && !self->closed_) self->pump();
                   });
    return;
  }
  queue_.clear();
  queue_offset_ = 0;
  if (input_ends_) in_.close();
}

void Supervisor::ended() {
  ended_ = true;
  child_.reap(exit_);
  error_code ignored;
  in_.close(ignored);
  timer_.expires_after(kDrain);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->closed_) return;
    error_code none;
    self->out_.from.close(none);
    self->err_.from.close(none);
    self->finish();
  });
  finish();
}

void Supervisor::finish() {
  if (!ended_ || out_.from.is_open() || err_.from.is_open()) return;
  exit_.out = out_.keeper.take();
  exit_.err = err_.keeper.take();
  auto on_exit = std::move(on_exit_);
  ProcessExit exit = std::move(exit_);
  close();
  if (on_exit) on_exit(std::move(exit));
}

void Supervisor::close() {
  if (std::exchange(closed_, true)) return;
  error_code ignored;
  in_.close(ignored);
  out_.from.close(ignored);
  err_.from.close(ignored);
  exited_.close(ignored);
  timer_.cancel();
  if (!child_.reaped()) {
    ProcessExit unused;
    child_.reap(unused);
  }
}

class AsyncProcess final : public Process {
 public:
  AsyncProcess(std::shared_ptr<Supervisor> supervisor) : supervisor_(std::move(supervisor)) {}
  ~AsyncProcess() override { supervisor_->close(); }

  pid_t pid() const override { return supervisor_->child().pid(); }
  void write(std::string bytes) override { supervisor_->write(std::move(bytes)); }
  void close_input() override { supervisor_->close_input(); }
  std::size_t unwritten() const override { return supervisor_->unwritten(); }
  void signal(int number) override { supervisor_->child().signal_group(number); }

 private:
  std::shared_ptr<Supervisor> supervisor_;
};

}  // namespace

Result<std::unique_ptr<Process>> start_process(Loop& loop, ProcessSpec spec,
                                               ProcessHandlers handlers, ProcessInput input) {
  auto child = Child::start(spec);
  if (!child) return std::unexpected(child.error());
  auto supervisor = std::make_shared<Supervisor>(context(loop), std::move(spec),
                                                 std::move(handlers), std::move(*child));
  supervisor->begin(input);
  return std::make_unique<AsyncProcess>(std::move(supervisor));
}

}  // namespace pareto
