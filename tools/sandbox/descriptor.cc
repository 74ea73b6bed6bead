#include "tools/sandbox/descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace pareto::sandbox {
namespace {

constexpr int kFirstOwn = 16;

}  // namespace

void FileDescriptor::reset() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

std::unexpected<Error> system_failure(std::string_view what) {
  const int error = errno;
  const bool passes = error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN;
  return fail(passes ? ErrorCode::unavailable : ErrorCode::internal,
              fmt::format("sandbox: {}: {}", what, std::generic_category().message(error)));
}

Result<FileDescriptor> move_up(FileDescriptor descriptor) {
  if (descriptor.get() >= kFirstOwn) return descriptor;
  FileDescriptor moved(fcntl(descriptor.get(), F_DUPFD_CLOEXEC, kFirstOwn));
  if (!moved) return system_failure("could not copy a descriptor");
  return moved;
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return system_failure("could not make a pipe");
  FileDescriptor read_end(ends[0]);
  auto write_end = move_up(FileDescriptor(ends[1]));
  if (!write_end) return std::unexpected(write_end.error());
  auto moved = move_up(std::move(read_end));
  if (!moved) return std::unexpected(moved.error());
  if (fcntl(moved->get(), F_SETFL, O_NONBLOCK) != 0) return system_failure("could not set a pipe");
  // Fewer turns between writer and reader; a user with many pipes may be refused, and does without.
  (void)fcntl(moved->get(), F_SETPIPE_SZ, 256 << 10);
  return Pipe{std::move(*moved), std::move(*write_end)};
}

Result<SocketPair> make_socket_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return system_failure("could not make a pair of sockets");
  }
  FileDescriptor first(ends[0]);
  auto theirs = move_up(FileDescriptor(ends[1]));
  if (!theirs) return std::unexpected(theirs.error());
  auto ours = move_up(std::move(first));
  if (!ours) return std::unexpected(ours.error());
  if (fcntl(ours->get(), F_SETFL, O_NONBLOCK) != 0) return system_failure("could not set a socket");
  return SocketPair{std::move(*ours), std::move(*theirs)};
}

Result<FileDescriptor> receive_descriptor(const FileDescriptor& socket) {
  char byte = 0;
  iovec data{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  if (recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC) != 1) {
    return system_failure("no socket came from inside");
  }
  const cmsghdr* control = CMSG_FIRSTHDR(&message);
  if (control == nullptr || control->cmsg_type != SCM_RIGHTS) {
    return fail(ErrorCode::internal, "sandbox: expected a socket from inside; found a message");
  }
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(control), sizeof descriptor);
  return move_up(FileDescriptor(descriptor));
}

Result<FileDescriptor> make_memory_file(std::string_view content) {
  FileDescriptor file(memfd_create("pareto-sandbox", MFD_CLOEXEC));
  if (!file) return system_failure("could not make a file in memory");
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t count =
        pwrite(file.get(), content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (count < 0) return system_failure("could not write a file in memory");
    done += static_cast<std::size_t>(count);
  }
  return move_up(std::move(file));
}

Result<FileDescriptor> reopen(const FileDescriptor& file) {
  FileDescriptor copy(
      open(fmt::format("/proc/self/fd/{}", file.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!copy) return system_failure("could not reopen a file in memory");
  return move_up(std::move(copy));
}

Result<FileDescriptor> open_null() {
  FileDescriptor file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!file) return system_failure("/dev/null");
  return move_up(std::move(file));
}

}  // namespace pareto::sandbox
