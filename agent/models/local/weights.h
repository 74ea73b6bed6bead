#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/core/result.h"
#include "agent/models/local/catalogue.h"

namespace pareto {

// How far a download is. `note` is set when something is worth saying aloud: a source was skipped,
// a part arrived, the file is being verified.
struct PullProgress {
  std::string source;
  std::int64_t done = 0;  // bytes, those of earlier attempts included
  std::int64_t total = 0;
  std::string note;
};

using PullProgressHandler = std::function<void(const PullProgress&)>;

struct PullOptions {
  int connect_seconds = 5;  // a source that has not answered by then is skipped
  int stall_seconds = 60;   // a source that sends less than 1 KB/s for so long is skipped
  std::string python = "python3";
};

// The folder of weights files, CACHE/weights. A file under its final name is always whole and
// verified: it is renamed there only after its SHA-256 matched.
class WeightsStore {
 public:
  explicit WeightsStore(std::string cache_dir);

  std::string path_of(const WeightsEntry& entry) const;
  // Whether the file is there with the right size; does not read it.
  bool is_present(const WeightsEntry& entry) const;
  // Reads the whole file; an error says what differs.
  Result<void> verify(const WeightsEntry& entry) const;

  // Downloads from the first source that works, going on where an earlier attempt stopped. Blocks.
  // Nothing is done when the file is there. Errors: limit (disk), unavailable (no source worked;
  // the text says why each did not), protocol (wrong bytes), denied (another pull is running).
  Result<void> pull(const WeightsEntry& entry, const PullOptions& options,
                    const PullProgressHandler& progress) const;

  // Removes the file and what is left of unfinished downloads; false when there was nothing.
  Result<bool> remove(const WeightsEntry& entry) const;

 private:
  std::string folder_;
};

}  // namespace pareto
