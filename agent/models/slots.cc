#include "agent/models/slots.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace pareto {

Slots::Slots(int count) : slots_(static_cast<std::size_t>(std::max(count, 1))) {}

std::optional<int> Slots::acquire(const std::string& run) {
  // Busy ones last, then the run's own first, then by age.
  const auto slot = std::ranges::min_element(
      slots_, {}, [&run](const Slot& s) { return std::tuple(s.busy, s.run != run, s.used); });
  if (slot->busy) return std::nullopt;
  *slot = {.run = run, .used = ++tick_, .busy = true};
  return static_cast<int>(slot - slots_.begin());
}

void Slots::release(int slot) { slots_[static_cast<std::size_t>(slot)].busy = false; }

}  // namespace pareto
