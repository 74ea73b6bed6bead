#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "agent/io/descriptor.h"
#include "tools/workspace/open_inside.h"

namespace pareto {

// What a path names.
struct FolderEntry {
  std::string path;  // relative to the folder
  enum class Kind { file, folder, symlink, other } kind = Kind::file;
  std::int64_t bytes = 0;
  mode_t mode = 0;
  std::int64_t modified = 0;  // nanoseconds since the epoch
  std::int64_t touched = 0;   // the same, of the last change of any kind (ctime)

  friend bool operator==(const FolderEntry&, const FolderEntry&) = default;
};

// Whether a name is of what tools write for themselves (caches, version control): no work product.
bool is_litter(std::string_view name);

FolderEntry entry_of(std::string path, const struct stat& info);

// A folder through which files are reached without ever leaving it: neither "..", nor an absolute
// path, nor a symlink that another process puts in the way leads out. Paths are relative to the
// folder, or start with "/workspace" (where a sandboxed command sees it). Safe while commands run
// in the folder. Errors are phrased for the model.
class Folder {
 public:
  static constexpr std::size_t kMaxFile = 8 << 20;
  static constexpr std::size_t kMaxScanned = 200'000;

  // `path` is absolute; not_found when it is no folder.
  static Result<Folder> open(const std::string& path);

  // The normal form of a path: relative, without "." and doubled slashes; "." is the folder.
  // denied: it leaves the folder. invalid: empty, too long or with a zero byte.
  static Result<std::string> normal(std::string_view path);

  // A regular file's content. limit: larger than `max_bytes`.
  Result<std::string> read(std::string_view path, std::size_t max_bytes = kMaxFile) const;
  // At most the first `bytes` of a regular file, without half a character at the end.
  Result<std::string> head(std::string_view path, std::size_t bytes) const;
  // Replaces or creates a file, whole or not at all; keeps the mode of an existing one and makes
  // missing folders.
  Result<void> write(std::string_view path, std::string_view text) const;
  Result<void> remove(std::string_view path) const;
  // Removes what a `write` leaves behind whose process was killed.
  Result<void> remove_scratch() const;
  Result<FolderEntry> stat(std::string_view path) const;
  // The entries of a folder, sorted by name; at most `limit`.
  Result<std::vector<FolderEntry>> list(std::string_view path, std::size_t limit = 10'000) const;
  // Visits what lies below `path` in path order without following symlinks; folders before what
  // is in them. `visit` returns whether to enter a folder. Stops after `limit` entries and returns
  // whether everything was seen.
  Result<bool> walk(std::string_view path, std::size_t limit,
                    const std::function<bool(const FolderEntry&)>& visit) const;

  const std::string& path() const { return path_; }
  // For open_inside; stays the folder's.
  int root() const { return root_->get(); }

 private:
  Folder(std::string path, std::shared_ptr<const Descriptor> root);
  Result<Descriptor> open_file(const std::string& normal) const;
  Result<Descriptor> open_beneath(const std::string& normal, int flags, mode_t mode = 0) const;
  Result<Descriptor> parent_of(const std::string& normal, std::string* name) const;

  std::string path_;
  std::shared_ptr<const Descriptor> root_;
};

}  // namespace pareto
