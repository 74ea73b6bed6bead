#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pareto {

// Which of a llama.cpp server's slots serves which run. A run that comes back finds its prompt
// cached in the slot it had; a new one takes an idle slot, the least recently used.
class Slots {
 public:
  // `count` >= 1.
  explicit Slots(int count);

  int acquire(const std::string& run);
  void release(int slot);

 private:
  struct Slot {
    std::string run;
    std::uint64_t used = 0;
    int calls = 0;  // under way
  };

  std::vector<Slot> slots_;
  std::uint64_t tick_ = 0;
};

}  // namespace pareto
