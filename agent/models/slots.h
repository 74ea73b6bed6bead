#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pareto {

// Which of a llama.cpp server's slots serves which run. A run that comes back finds its prompt
// cached in the slot it had; another takes the least recently used of the idle ones.
class Slots {
 public:
  // `count` >= 1.
  explicit Slots(int count);

  // Nothing when all are busy: the server makes a request wait for the slot it names, and one that
  // names none takes the first that comes free.
  std::optional<int> acquire(const std::string& run);
  void release(int slot);

 private:
  struct Slot {
    std::string run;
    std::uint64_t used = 0;
    bool busy = false;
  };

  std::vector<Slot> slots_;
  std::uint64_t tick_ = 0;
};

}  // namespace pareto
