#pragma once

namespace pareto {

// Work under way. Destroying it cancels the work; its handler is not called afterwards.
class Operation {
 public:
  virtual ~Operation() = default;
};

}  // namespace pareto
