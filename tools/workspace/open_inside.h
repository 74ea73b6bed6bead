#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pareto {

// openat2(RESOLVE_BENEATH) or, where the kernel has none, a walk that follows no symlink at all.
// Returns a descriptor or -1 with errno. For Folder and what walks beside it.
int open_inside(int root, const std::string& path, int flags, unsigned mode);
int walk_inside(int root, const std::string& path, int flags, unsigned mode);

// The parts of a path between its slashes, without "." and empty ones.
std::vector<std::string> path_parts(std::string_view path);

}  // namespace pareto
