#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "tools/workspace/folder.h"

namespace pareto {

// How much of a folder is copied.
struct CopyBounds {
  std::int64_t max_bytes = 256LL << 20;
  std::int64_t max_files = 100'000;
};

// The paths that make up a workspace: every file below the folder, or those that git would track.
struct Selection {
  // Relative paths of files and links, sorted; absent: everything.
  std::optional<std::vector<std::string>> paths;
};

// Copies files with their modes, and symlinks as they are, without following one; sockets, pipes
// and devices are left out. `to` is made if it is missing; no link may lie in it. Errors: limit
// names what is too large, denied what can't be read, internal when the machine fails (disk full).
Result<void> copy_tree(const std::string& from, const std::string& to, const CopyBounds& bounds,
                       const Selection& selection = {});

// Everything of the folder, sorted by path; empty folders are not workspace. Caches and version
// control are left out.
Result<std::vector<FolderEntry>> workspace_files(const Folder& folder, const Selection& selection,
                                                 std::size_t limit = 200'000);

// Where a symlink of the folder points to.
Result<std::string> link_target(const Folder& folder, const std::string& path);

// A folder below the system's folder for temporary files, removed with its owner.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make();
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();
  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path);
  std::string path_;
};

}  // namespace pareto
