#include "tools/workspace/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tools/output.h"

namespace pareto {
namespace {

constexpr std::string_view kMount = "/workspace";
constexpr std::size_t kMaxPath = 4'000;
constexpr int kMaxDepth = 64;

Error error_of(std::string_view doing, std::string_view path, int number) {
  switch (number) {
    case ENOENT:
      return {ErrorCode::not_found, fmt::format("there is no file {}", path)};
    case EXDEV:
    case ELOOP:
      return {ErrorCode::denied, fmt::format("{} leads out of the workspace", path)};
    case EACCES:
    case EPERM:
    case EROFS:
      return {ErrorCode::denied, fmt::format("may not {} {}: {}", doing, path, strerror(number))};
    case ENOTDIR:
      return {ErrorCode::invalid, fmt::format("a part of {} is a file, not a folder", path)};
    case EISDIR:
      return {ErrorCode::invalid, fmt::format("{} is a folder, not a file", path)};
    case ENAMETOOLONG:
      return {ErrorCode::invalid, fmt::format("the path is too long: {}", path.substr(0, 100))};
    default:
      return {ErrorCode::internal,
              fmt::format("could not {} {}: {}", doing, path, strerror(number))};
  }
}

std::unexpected<Error> failed(std::string_view doing, std::string_view path, int number) {
  return std::unexpected(error_of(doing, path, number));
}

FolderEntry::Kind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FolderEntry::Kind::file;
  if (S_ISDIR(mode)) return FolderEntry::Kind::folder;
  if (S_ISLNK(mode)) return FolderEntry::Kind::symlink;
  return FolderEntry::Kind::other;
}

Result<std::string> read_up_to(int fd, const std::string& path, std::size_t bytes) {
  std::string text;
  std::string buffer(std::min<std::size_t>(bytes, 64 << 10), '\0');
  while (text.size() < bytes) {
    const ssize_t got = ::read(fd, buffer.data(), std::min(buffer.size(), bytes - text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path, errno);
    if (got == 0) break;
    text.append(buffer, 0, static_cast<std::size_t>(got));
  }
  return text;
}

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return 0;
}

// No file of a task is called so.
constexpr std::string_view kScratchPrefix = ".pareto-scratch-";

// Puts the text under a new name beside the file and renames it over: readers and crashes see the
// old file or the new one, never a half.
int replace_file(int parent, const std::string& name, std::string_view text, mode_t mode,
                 const struct stat& owner) {
  static std::atomic<unsigned> counter{0};
  const std::string scratch =
      fmt::format("{}{}-{}.tmp", kScratchPrefix, ::getpid(), counter.fetch_add(1));
  Descriptor file(::openat(parent, scratch.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.open()) return errno;
  // As root, what is made in somebody's folder stays theirs.
  if (::fchown(file.get(), owner.st_uid, owner.st_gid) != 0 && ::geteuid() == 0) return errno;
  int number = write_all(file.get(), text);
  if (number == 0 && ::fchmod(file.get(), mode & 07777) != 0) number = errno;
  if (number == 0 && ::renameat(parent, scratch.c_str(), parent, name.c_str()) != 0) {
    number = errno;
  }
  if (number != 0) ::unlinkat(parent, scratch.c_str(), 0);
  return number;
}

int overwrite_file(int fd, std::string_view text) {
  const int number = write_all(fd, text);
  if (number != 0) return number;
  return ::ftruncate(fd, static_cast<off_t>(text.size())) == 0 ? 0 : errno;
}

}  // namespace

bool is_litter(std::string_view name) {
  constexpr std::array<std::string_view, 7> kLitter = {
      ".git", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".hg"};
  return std::ranges::find(kLitter, name) != kLitter.end() || name.ends_with(".pyc");
}

FolderEntry entry_of(std::string path, const struct stat& info) {
  const auto nanoseconds = [](const timespec& time) {
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
  };
  return {.path = std::move(path),
          .kind = kind_of(info.st_mode),
          .bytes = info.st_size,
          .mode = info.st_mode,
          .modified = nanoseconds(info.st_mtim),
          .touched = nanoseconds(info.st_ctim)};
}

Result<Folder> Folder::open(const std::string& path) {
  Descriptor root(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.open()) return failed("open", path, errno);
  return Folder(path, std::make_shared<const Descriptor>(std::move(root)));
}

Folder::Folder(std::string path, std::shared_ptr<const Descriptor> root)
    : path_(std::move(path)), root_(std::move(root)) {}

Result<std::string> Folder::normal(std::string_view path) {
  if (path.empty()) return fail(ErrorCode::invalid, "expected a path; found an empty string");
  if (path.contains('\0')) return fail(ErrorCode::invalid, "the path has a zero byte in it");
  if (path.size() > kMaxPath) return fail(ErrorCode::invalid, "the path is too long");
  std::string_view rest = path;
  if (rest.starts_with(kMount) && (rest.size() == kMount.size() || rest[kMount.size()] == '/')) {
    rest.remove_prefix(kMount.size());
  } else if (rest.front() == '/') {
    return fail(ErrorCode::denied,
                fmt::format("{} is outside of the workspace; give a path relative to it", path));
  }
  std::vector<std::string> kept;
  for (std::string& part : path_parts(rest)) {
    if (part != "..") {
      kept.push_back(std::move(part));
    } else if (kept.empty()) {
      return fail(ErrorCode::denied,
                  fmt::format("{} is outside of the workspace; give a path relative to it", path));
    } else {
      kept.pop_back();
    }
  }
  return kept.empty() ? std::string(".") : fmt::format("{}", fmt::join(kept, "/"));
}

Result<Descriptor> Folder::open_beneath(const std::string& normal, int flags, mode_t mode) const {
  Descriptor file(open_inside(root_->get(), normal, flags, mode));
  if (!file.open()) return failed("open", normal, errno);
  return file;
}

Result<Descriptor> Folder::open_file(const std::string& normal) const {
  // O_NONBLOCK: opening a pipe must not wait for a writer.
  auto file = open_beneath(normal, O_RDONLY | O_NONBLOCK);
  if (!file) return file;
  struct stat info = {};
  if (::fstat(file->get(), &info) != 0) return failed("read", normal, errno);
  if (S_ISDIR(info.st_mode)) return failed("read", normal, EISDIR);
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::invalid, fmt::format("{} is not a regular file", normal));
  }
  return file;
}

Result<std::string> Folder::read(std::string_view path, std::size_t max_bytes) const {
  auto name = normal(path);
  if (!name) return std::unexpected(name.error());
  auto file = open_file(*name);
  if (!file) return std::unexpected(file.error());
  auto text = read_up_to(file->get(), *name, max_bytes + 1);
  if (text && text->size() > max_bytes) {
    return fail(ErrorCode::limit, fmt::format("{} is larger than {} bytes", *name, max_bytes));
  }
  return text;
}

Result<std::string> Folder::head(std::string_view path, std::size_t bytes) const {
  auto name = normal(path);
  if (!name) return std::unexpected(name.error());
  auto file = open_file(*name);
  if (!file) return std::unexpected(file.error());
  // Three bytes more show whether a character is cut.
  auto text = read_up_to(file->get(), *name, bytes + 3);
  if (text) text = std::string(utf8_prefix(*text, bytes));
  return text;
}

Result<Descriptor> Folder::parent_of(const std::string& normal, std::string* name) const {
  const std::size_t slash = normal.rfind('/');
  *name = slash == std::string::npos ? normal : normal.substr(slash + 1);
  if (normal == "." || name->empty()) return failed("write", normal, EISDIR);
  std::string folder;
  if (slash != std::string::npos) {
    for (const std::string& part : path_parts(std::string_view(normal).substr(0, slash))) {
      auto parent = open_beneath(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
      if (!parent) return parent;
      struct stat owner = {};
      if (::mkdirat(parent->get(), part.c_str(), 0777) == 0 &&
          ::fstat(parent->get(), &owner) == 0 && ::geteuid() == 0) {
        if (::fchownat(parent->get(), part.c_str(), owner.st_uid, owner.st_gid,
                       AT_SYMLINK_NOFOLLOW) != 0) {
          return failed("make", normal, errno);
        }
      }
      folder += (folder.empty() ? "" : "/") + part;
    }
  }
  return open_beneath(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
}

Result<void> Folder::write(std::string_view path, std::string_view text) const {
  auto where = normal(path);
  if (!where) return std::unexpected(where.error());
  std::string name;
  auto parent = parent_of(*where, &name);
  if (!parent) return std::unexpected(parent.error());
  struct stat old = {};
  const bool exists = ::fstatat(parent->get(), name.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0;
  if (exists && S_ISDIR(old.st_mode)) return failed("write", *where, EISDIR);
  int number = 0;
  if (exists && (S_ISLNK(old.st_mode) || old.st_nlink > 1)) {
    // Renaming would cut the link.
    auto file = open_beneath(*where, O_WRONLY | O_NONBLOCK);
    if (!file) return std::unexpected(file.error());
    number = overwrite_file(file->get(), text);
  } else if (exists && S_ISREG(old.st_mode)) {
    number = replace_file(parent->get(), name, text, old.st_mode, old);
  } else if (exists) {
    return fail(ErrorCode::invalid, fmt::format("{} is not a regular file", *where));
  } else {
    struct stat folder = {};
    if (::fstat(parent->get(), &folder) != 0) return failed("write", *where, errno);
    number = replace_file(parent->get(), name, text, 0644, folder);
  }
  if (number != 0) return failed("write", *where, number);
  return {};
}

Result<void> Folder::remove(std::string_view path) const {
  auto where = normal(path);
  if (!where) return std::unexpected(where.error());
  const std::size_t slash = where->rfind('/');
  const std::string folder = slash == std::string::npos ? "." : where->substr(0, slash);
  auto parent = open_beneath(folder, O_RDONLY | O_DIRECTORY);
  if (!parent) return std::unexpected(parent.error());
  const std::string name = slash == std::string::npos ? *where : where->substr(slash + 1);
  if (::unlinkat(parent->get(), name.c_str(), 0) != 0) return failed("remove", *where, errno);
  return {};
}

Result<void> Folder::remove_scratch() const {
  std::vector<std::string> left;
  auto seen = walk(".", kMaxScanned, [&left](const FolderEntry& entry) {
    const std::size_t slash = entry.path.rfind('/');
    const std::string_view name = std::string_view(entry.path).substr(slash + 1);
    if (entry.kind == FolderEntry::Kind::file && name.starts_with(kScratchPrefix)) {
      left.push_back(entry.path);
    }
    return true;
  });
  if (!seen) return std::unexpected(seen.error());
  for (const std::string& path : left) {
    if (auto removed = remove(path); !removed) return removed;
  }
  return {};
}

Result<FolderEntry> Folder::stat(std::string_view path) const {
  auto name = normal(path);
  if (!name) return std::unexpected(name.error());
  auto file = open_beneath(*name, O_PATH);
  if (!file) return std::unexpected(file.error());
  struct stat info = {};
  if (::fstat(file->get(), &info) != 0) return failed("look at", *name, errno);
  return entry_of(*name, info);
}

Result<std::vector<FolderEntry>> Folder::list(std::string_view path, std::size_t limit) const {
  auto name = normal(path);
  if (!name) return std::unexpected(name.error());
  auto folder = open_beneath(*name, O_RDONLY | O_DIRECTORY);
  if (!folder) return std::unexpected(folder.error());
  DIR* stream = ::fdopendir(folder->get());
  if (stream == nullptr) return failed("list", *name, errno);
  folder->release();
  const std::unique_ptr<DIR, int (*)(DIR*)> owner(stream, ::closedir);
  std::vector<FolderEntry> entries;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view child = entry->d_name;
    if (child == "." || child == "..") continue;
    if (entries.size() == limit) break;
    struct stat info = {};
    if (::fstatat(::dirfd(stream), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    std::string below = *name == "." ? std::string(child) : fmt::format("{}/{}", *name, child);
    entries.push_back(entry_of(std::move(below), info));
  }
  std::ranges::sort(entries, {}, &FolderEntry::path);
  return entries;
}

Result<bool> Folder::walk(std::string_view path, std::size_t limit,
                          const std::function<bool(const FolderEntry&)>& visit) const {
  auto first = list(path);
  if (!first) return std::unexpected(first.error());
  struct Level {
    std::vector<FolderEntry> entries;
    std::size_t next = 0;
  };
  std::vector<Level> levels;
  levels.push_back({std::move(*first)});
  bool complete = true;
  for (std::size_t seen = 0; !levels.empty();) {
    Level& level = levels.back();
    if (level.next == level.entries.size()) {
      levels.pop_back();
      continue;
    }
    if (seen++ == limit) return false;
    const FolderEntry entry = level.entries[level.next++];
    if (!visit(entry) || entry.kind != FolderEntry::Kind::folder) continue;
    if (levels.size() >= kMaxDepth) {
      complete = false;
      continue;
    }
    // A folder that vanished or can't be read is passed over, as `find` does.
    if (auto inner = list(entry.path)) levels.push_back({std::move(*inner)});
  }
  return complete;
}

}  // namespace pareto
