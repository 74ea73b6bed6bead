#include "tools/sandbox/uid_lease.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace pareto::sandbox {

std::optional<UidLease> UidLease::take(unsigned first_uid, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    const uid_t uid = first_uid + i;
    auto claim = move_up(FileDescriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    if (!claim) return std::nullopt;
    const std::string name = fmt::format("pareto-sandbox-uid-{}", uid);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;  // sun_path[0] stays NUL: an abstract name
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (bind(claim->get(), reinterpret_cast<const sockaddr*>(&address), size) == 0) {
      return UidLease(uid, std::move(*claim));
    }
  }
  return std::nullopt;
}

}  // namespace pareto::sandbox
