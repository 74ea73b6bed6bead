#include "tools/sandbox/cgroup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

namespace pareto::sandbox {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Only a file that is there: creating one would hide that a controller is missing.
bool write_text(const fs::path& path, std::string_view text) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool has_word(const std::string& text, std::string_view wanted) {
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (word == wanted) return true;
  }
  return false;
}

// Line: "ID PARENT DEVICE ROOT MOUNT_POINT OPTIONS [TAG]... - TYPE SOURCE OPTIONS".
std::string cgroup2_mount(const std::string& mount_info) {
  std::istringstream lines(mount_info);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string skipped, point;
    words >> skipped >> skipped >> skipped >> skipped >> point;
    return point;
  }
  return {};
}

std::string own_group(const std::string& own_groups) {
  std::istringstream lines(own_groups);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return "/";
}

std::string unique_name() {
  static std::atomic<unsigned> count{0};
  return fmt::format("pareto-{}-{}", getpid(), count++);
}

// Empty when groups with both controllers can be made here, else the reason.
std::string why_not(const fs::path& folder) {
  const std::string controllers = read_text(folder / "cgroup.controllers");
  for (const char* needed : {"memory", "pids"}) {
    if (!has_word(controllers, needed)) {
      return fmt::format("{} lacks the {} controller", folder.string(), needed);
    }
  }
  const std::string enabled = read_text(folder / "cgroup.subtree_control");
  if ((!has_word(enabled, "memory") || !has_word(enabled, "pids")) &&
      !write_text(folder / "cgroup.subtree_control", "+memory +pids")) {
    return fmt::format("{} does not pass its controllers on", folder.string());
  }
  const auto tried = Cgroup::make({folder.string()}, std::int64_t{64} << 20, 16);
  return tried ? std::string() : tried.error().message;
}

}  // namespace

CgroupSearch find_cgroup(const std::string& configured, const std::string& mount_info,
                         const std::string& own_groups) {
  std::vector<fs::path> candidates;
  if (!configured.empty()) {
    candidates.emplace_back(configured);
  } else {
    const std::string mount = cgroup2_mount(mount_info);
    if (mount.empty()) return {std::nullopt, "no cgroup v2 is mounted"};
    // Not in the group of this process: one with processes can't pass controllers on.
    const fs::path own = own_group(own_groups);
    if (own.has_relative_path()) {
      candidates.push_back(fs::path(mount) / own.parent_path().relative_path());
    }
    if (geteuid() == 0) candidates.emplace_back(mount);
  }
  std::string reasons;
  for (const fs::path& candidate : candidates) {
    const std::string reason = why_not(candidate);
    if (reason.empty()) return {CgroupParent{candidate.string()}, candidate.string()};
    reasons += (reasons.empty() ? "" : "; ") + reason;
  }
  return {std::nullopt, reasons.empty() ? "no cgroup is delegated to this user" : reasons};
}

CgroupSearch find_cgroup(const std::string& configured) {
  return find_cgroup(configured, read_text("/proc/self/mountinfo"), read_text("/proc/self/cgroup"));
}

Result<Cgroup> Cgroup::make(const CgroupParent& parent, std::int64_t memory_bytes, int processes) {
  const fs::path folder = fs::path(parent.folder) / unique_name();
  std::error_code error;
  if (!fs::create_directory(folder, error) || error) {
    return fail(ErrorCode::unavailable, fmt::format("sandbox: no cgroup could be made in {}: {}",
                                                    parent.folder, error.message()));
  }
  Cgroup group(folder.string());
  // No swap, or the limit would only slow a command down; absent where the machine has none.
  write_text(folder / "memory.swap.max", "0");
  // All or nothing: a build that lost one compiler would fail without a reason to see.
  write_text(folder / "memory.oom.group", "1");
  if (!write_text(folder / "memory.max", fmt::to_string(memory_bytes)) ||
      !write_text(folder / "pids.max", fmt::to_string(processes))) {
    return fail(ErrorCode::unavailable,
                fmt::format("sandbox: no limits can be set in {}", folder.string()));
  }
  auto entrance =
      move_up(FileDescriptor(open((folder / "cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC)));
  if (!entrance) return std::unexpected(entrance.error());
  group.entrance_ = std::move(*entrance);
  return group;
}

bool Cgroup::out_of_memory() const {
  std::istringstream words(read_text(fs::path(folder_) / "memory.events"));
  std::string key;
  long count = 0;
  while (words >> key >> count) {
    if (key == "oom_kill" && count > 0) return true;
  }
  return false;
}

Cgroup::~Cgroup() {
  if (folder_.empty()) return;
  entrance_.reset();
  write_text(fs::path(folder_) / "cgroup.kill", "1");
  // Busy until the last process is gone, which it usually is already.
  for (int attempt = 0; attempt < 100 && rmdir(folder_.c_str()) != 0 && errno == EBUSY; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace pareto::sandbox
