#include "agent/io/system_random.h"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

namespace pareto {

std::uint64_t SystemRandom::next() {
  if (left_ == 0) {
    auto* at = reinterpret_cast<char*>(block_.data());
    std::size_t missing = sizeof block_;
    while (missing > 0) {
      const ssize_t got = getrandom(at, missing, 0);
      // Linux since 3.17 fails only for a signal; anything else is a broken machine.
      if (got < 0 && errno != EINTR) {
        throw std::system_error(errno, std::generic_category(), "getrandom");
      }
      if (got > 0) {
        at += got;
        missing -= static_cast<std::size_t>(got);
      }
    }
    left_ = block_.size();
  }
  return block_[--left_];
}

}  // namespace pareto
