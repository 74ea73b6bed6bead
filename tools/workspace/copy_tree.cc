#include "tools/workspace/copy_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "agent/io/descriptor.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

// Whether this machine is at fault, or else what is being copied.
bool machine_fails(int number) {
  constexpr std::array kNumbers{ENOSPC, EDQUOT, EIO, EMFILE, ENFILE, ENOMEM, EROFS};
  return std::ranges::find(kNumbers, number) != kNumbers.end();
}

std::unexpected<Error> failed(const std::string& path, int number = errno) {
  return fail(machine_fails(number) ? ErrorCode::internal : ErrorCode::denied,
              fmt::format("can't copy {}: {}", path, std::strerror(number)));
}

Result<void> copy_file(int from_root, const std::string& path, const std::string& to,
                       std::int64_t& bytes_left) {
  const Descriptor from(open_inside(from_root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0));
  struct stat info = {};
  if (!from.open() || ::fstat(from.get(), &info) != 0) return failed(path);
  if (!S_ISREG(info.st_mode)) return {};
  const auto too_large = [&path] {
    return fail(ErrorCode::limit, fmt::format("the workspace is too large to copy (at {})", path));
  };
  if (info.st_size > bytes_left) return too_large();
  const Descriptor out(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                              info.st_mode & 0777));
  if (!out.open()) return failed(path);
  std::string buffer(128 << 10, '\0');
  while (true) {
    const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(path);
    if (got == 0) break;
    bytes_left -= got;
    if (bytes_left < 0) return too_large();  // it grows
    for (ssize_t done = 0; done < got;) {
      const ssize_t wrote =
          ::write(out.get(), buffer.data() + done, static_cast<std::size_t>(got - done));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return failed(path);
      done += wrote;
    }
  }
  // The umask does not count for a copy.
  if (::fchmod(out.get(), info.st_mode & 0777) != 0) return failed(path);
  return {};
}

Result<void> copy_entry(const Folder& from, int from_root, const FolderEntry& entry,
                        const std::string& to, std::int64_t& bytes_left) {
  std::error_code error;
  const std::string target = fmt::format("{}/{}", to, entry.path);
  fs::create_directories(fs::path(target).parent_path(), error);
  if (entry.kind == FolderEntry::Kind::folder) {
    fs::create_directories(target, error);
  } else if (entry.kind == FolderEntry::Kind::symlink) {
    auto link = link_target(from, entry.path);
    if (!link) return std::unexpected(link.error());
    fs::create_symlink(*link, target, error);
  } else if (entry.kind == FolderEntry::Kind::file) {
    return copy_file(from_root, entry.path, target, bytes_left);
  }
  if (error) return failed(entry.path, error.value());
  return {};
}

Result<FolderEntry> look_at(int root, const std::string& path) {
  // O_PATH with O_NOFOLLOW opens a symlink itself.
  const Descriptor file(open_inside(root, path, O_PATH | O_NOFOLLOW, 0));
  struct stat info = {};
  if (!file.open() || ::fstat(file.get(), &info) != 0) return failed(path);
  return entry_of(path, info);
}

}  // namespace

Result<std::string> link_target(const Folder& folder, const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const Descriptor parent(open_inside(folder.root(),
                                      slash == std::string::npos ? "." : path.substr(0, slash),
                                      O_RDONLY | O_DIRECTORY, 0));
  if (!parent.open()) return failed(path);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  std::string target(4'096, '\0');
  const ssize_t length = ::readlinkat(parent.get(), name.c_str(), target.data(), target.size());
  if (length < 0) return failed(path);
  target.resize(static_cast<std::size_t>(length));
  return target;
}

Result<void> copy_tree(const std::string& from, const std::string& to, const CopyBounds& bounds,
                       const Selection& selection) {
  auto folder = Folder::open(from);
  if (!folder) return std::unexpected(folder.error());
  std::error_code error;
  fs::create_directories(to, error);
  if (error)
    return fail(ErrorCode::internal, fmt::format("can't make {}: {}", to, error.message()));
  std::int64_t bytes_left = bounds.max_bytes;
  std::int64_t files_left = bounds.max_files;
  Result<void> outcome;
  const auto take = [&](const FolderEntry& entry) {
    if (!outcome) return false;
    if (--files_left < 0) {
      outcome =
          fail(ErrorCode::limit, fmt::format("{} has more than {} files", from, bounds.max_files));
    } else {
      outcome = copy_entry(*folder, folder->root(), entry, to, bytes_left);
    }
    return outcome.has_value();
  };
  if (selection.paths) {
    for (const std::string& path : *selection.paths) {
      // A tracked file may have been removed from the folder.
      if (auto entry = look_at(folder->root(), path); entry && !take(*entry)) break;
    }
  } else if (auto walked = folder->walk(".", static_cast<std::size_t>(bounds.max_files) + 1, take);
             !walked) {
    return std::unexpected(walked.error());
  }
  return outcome;
}

Result<std::vector<FolderEntry>> workspace_files(const Folder& folder, const Selection& selection,
                                                 std::size_t limit) {
  std::vector<FolderEntry> files;
  if (selection.paths) {
    for (const std::string& path : *selection.paths) {
      auto entry = look_at(folder.root(), path);
      if (entry && entry->kind != FolderEntry::Kind::folder) files.push_back(std::move(*entry));
    }
  } else {
    auto walked = folder.walk(".", limit, [&files](const FolderEntry& entry) {
      if (is_litter(fs::path(entry.path).filename().string())) return false;
      if (entry.kind == FolderEntry::Kind::file || entry.kind == FolderEntry::Kind::symlink) {
        files.push_back(entry);
      }
      return true;
    });
    if (!walked) return std::unexpected(walked.error());
  }
  std::ranges::sort(files, {}, &FolderEntry::path);
  return files;
}

Result<ScratchFolder> ScratchFolder::make() {
  std::error_code error;
  std::string path = (fs::temp_directory_path(error) / "pareto-XXXXXX").string();
  if (error || ::mkdtemp(path.data()) == nullptr) {
    return fail(ErrorCode::internal, fmt::format("can't make a temporary folder at {}", path));
  }
  return ScratchFolder(std::move(path));
}

ScratchFolder::ScratchFolder(std::string path) : path_(std::move(path)) {}
ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace pareto
