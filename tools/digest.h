#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/core/result.h"

namespace pareto {

// SHA-256, fed piece by piece.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void add(std::string_view bytes);
  // In hexadecimal; once.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256(std::string_view bytes);
// not_found when the file can't be read.
Result<std::string> sha256_file(const std::string& path);

}  // namespace pareto
