#include "agent/models/local/cache_dir.h"

#include <cstdlib>

namespace pareto {

Result<std::string> default_cache_dir() {
  // The base directory specification says to ignore relative paths.
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') return std::string(cache) + "/pareto";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return std::string(home) + "/.cache/pareto";
  return fail(ErrorCode::invalid,
              "expected XDG_CACHE_HOME or HOME to hold an absolute path, found neither; set one");
}

}  // namespace pareto
