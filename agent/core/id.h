#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "agent/core/random.h"
#include "agent/core/time.h"

namespace pareto {

// A ULID: 48 bits of milliseconds and 80 random bits as 26 characters of Crockford's base 32, so
// that ids sort by time.
std::string make_ulid(Instant now, Random& random);
bool is_ulid(std::string_view text);

// A string that can't be mixed up with an id of another kind.
template <class Tag>
struct Id {
  std::string value;

  static Id make(Instant now, Random& random) { return {make_ulid(now, random)}; }
  bool empty() const { return value.empty(); }
  friend auto operator<=>(const Id&, const Id&) = default;
};

using RunId = Id<struct RunTag>;
using CallId = Id<struct CallTag>;  // one paid model call

}  // namespace pareto

template <class Tag>
struct std::hash<pareto::Id<Tag>> {
  std::size_t operator()(const pareto::Id<Tag>& id) const noexcept {
    return std::hash<std::string>()(id.value);
  }
};
