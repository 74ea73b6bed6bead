#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace pareto::exporting {

struct ZipEntry {
  std::string name;
  std::string text;

  friend bool operator==(const ZipEntry&, const ZipEntry&) = default;
};

// A zip archive of these entries in their order, deflated. Every entry bears the date of `at`, so
// that the same entries give the same bytes. Errors: internal for what the library says.
Result<std::string> zip_archive(const std::vector<ZipEntry>& entries, Instant at);

// Reads an archive that anybody may have made. What a header says of sizes is not believed, and
// names are keys, never paths. Entries are stored, deflated or compressed with Zstandard.
class ZipReader {
 public:
  // Errors: invalid when it is no archive, or has more than `kMostEntries`; `name` is for them.
  static Result<ZipReader> open(const std::string& path);
  // `bytes` outlive the reader.
  static Result<ZipReader> of_bytes(std::string_view bytes, const std::string& name);
  ~ZipReader();
  ZipReader(ZipReader&&) noexcept;
  ZipReader& operator=(ZipReader&&) noexcept;

  static constexpr std::size_t kMostEntries = 1'000'000;

  // In the archive's order; of entries with the same name the last is read.
  const std::vector<std::string>& names() const { return names_; }
  bool has(const std::string& name) const;
  // The text of an entry. Errors name it: not_found; limit beyond `most_bytes`; invalid for one
  // that is damaged, encrypted, or compressed in another way.
  Result<std::string> read(const std::string& name, std::size_t most_bytes);

 private:
  struct State;
  explicit ZipReader(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
  std::vector<std::string> names_;
};

}  // namespace pareto::exporting
