#pragma once

#include <string>
#include <string_view>

#include "agent/core/result.h"
#include "memory/vector_index.h"

namespace pareto {

// A derived file: one line of header with the stamp and a checksum, then the payload.
struct IndexFile {
  IndexStamp stamp;
  std::string payload;
};

// Errors: `not_found` for a missing file; `invalid` for one that is cut, changed, larger than 4 GiB
// or of another format.
Result<IndexFile> read_index_file(const std::string& path);
// The header alone; the payload may still be damaged.
Result<IndexStamp> read_index_stamp(const std::string& path);

// As VectorIndex::save says.
Result<void> write_index_file(const std::string& path, const IndexStamp& stamp,
                              std::string_view payload);

}  // namespace pareto
