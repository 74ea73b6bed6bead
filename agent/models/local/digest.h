#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/core/result.h"

namespace pareto {

// The SHA-256 of a file as lower-case hexadecimal digits, read in blocks. `progress` gets the
// number of bytes read so far and may be empty.
Result<std::string> sha256_of_file(const std::string& path,
                                   const std::function<void(std::int64_t)>& progress = {});

}  // namespace pareto
