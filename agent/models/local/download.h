#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/core/result.h"

namespace pareto {

struct DownloadOptions {
  int connect_seconds = 5;
  int stall_seconds = 60;
};

// Downloads `url` into `file`, which may hold the beginning of it already: asks for the rest and
// appends. Never writes more than `bytes`. Success means that the file has exactly `bytes` bytes;
// on an error what arrived is kept for the next attempt, unless the server starts from the
// beginning again. `progress` gets the size of the file so far.
Result<void> download(const std::string& url, const std::string& file, std::int64_t bytes,
                      const DownloadOptions& options,
                      const std::function<void(std::int64_t)>& progress);

}  // namespace pareto
