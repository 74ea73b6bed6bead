#include "agent/models/slots.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace pareto {

Slots::Slots(int count) : slots_(static_cast<std::size_t>(std::max(count, 1))) {}

int Slots::acquire(const std::string& run) {
  auto slot = std::ranges::find(slots_, run, &Slot::run);
  if (slot == slots_.end()) {
    slot = std::ranges::min_element(slots_, {},
                                    [](const Slot& s) { return std::pair(s.calls > 0, s.used); });
    slot->run = run;
  }
  ++slot->calls;
  slot->used = ++tick_;
  return static_cast<int>(slot - slots_.begin());
}

void Slots::release(int slot) { --slots_[static_cast<std::size_t>(slot)].calls; }

}  // namespace pareto
