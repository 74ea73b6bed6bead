#include "tools/sandbox/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace pareto::sandbox {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// Files of /proc are short, or a list whose tail may be missed.
std::string read_start(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  std::string text(16 * 1024, '\0');
  const ssize_t size = read(file.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

// Calls `visit` with each number in the text; words between them are passed over.
template <class Visit>
void each_number(std::string_view text, Visit visit) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    std::int64_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error == std::errc()) visit(number);
    at = next == at ? at + 1 : next;
  }
}

// Calls `visit` with the name of each entry until it returns false.
template <class Visit>
void each_entry(const std::string& path, Visit visit) {
  const Directory directory(opendir(path.c_str()));
  if (!directory) return;
  while (const dirent* entry = readdir(directory.get())) {
    if (entry->d_name[0] != '.' && !visit(entry->d_name)) return;
  }
}

// Appends the children of all threads of a process; returns the number of its threads.
int append_children(pid_t pid, std::vector<pid_t>& children) {
  int threads = 0;
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  each_entry(tasks, [&](const char* thread) {
    ++threads;
    each_number(read_start(fmt::format("{}/{}/children", tasks, thread)),
                [&](std::int64_t child) { children.push_back(static_cast<pid_t>(child)); });
    return true;
  });
  return threads;
}

std::int64_t resident_bytes(pid_t pid) {
  static const std::int64_t page = sysconf(_SC_PAGESIZE);
  std::int64_t pages = 0;
  int field = 0;
  each_number(read_start(fmt::format("/proc/{}/statm", pid)), [&](std::int64_t number) {
    if (field++ == 1) pages = number;
  });
  return pages * page;
}

// Negative when it can't be read.
std::int64_t proportional_bytes(pid_t pid) {
  const std::string text = read_start(fmt::format("/proc/{}/smaps_rollup", pid));
  const std::size_t at = text.find("\nPss:");
  if (at == std::string::npos) return -1;
  return std::strtoll(text.c_str() + at + 5, nullptr, 10) * 1024;
}

}  // namespace

std::vector<pid_t> ProcessTree::members(int max_tasks, int& tasks) const {
  std::vector<pid_t> generation = {root_};
  std::vector<pid_t> all;
  for (int depth = 0; !generation.empty() && tasks <= max_tasks; ++depth) {
    std::vector<pid_t> next;
    for (const pid_t pid : generation) {
      const int threads = append_children(pid, next);
      if (depth < skip_) continue;
      all.push_back(pid);
      tasks += threads;
      if (tasks > max_tasks) break;
    }
    generation = std::move(next);
  }
  return all;
}

TreeUse ProcessTree::use(int max_tasks, std::int64_t memory_limit) const {
  TreeUse use;
  const std::vector<pid_t> all = members(max_tasks, use.tasks);
  for (const pid_t pid : all) use.memory_bytes += resident_bytes(pid);
  if (use.memory_bytes <= memory_limit) return use;
  use.memory_bytes = 0;
  for (const pid_t pid : all) {
    const std::int64_t bytes = proportional_bytes(pid);
    use.memory_bytes += bytes >= 0 ? bytes : resident_bytes(pid);
  }
  return use;
}

std::int64_t ProcessTree::unlinked_bytes(dev_t device, int at_most) const {
  int tasks = 0;
  std::int64_t bytes = 0;
  std::set<ino_t> seen;
  for (const pid_t pid : members(at_most, tasks)) {
    const std::string folder = fmt::format("/proc/{}/fd", pid);
    each_entry(folder, [&](const char* name) {
      struct stat info{};
      if (stat(fmt::format("{}/{}", folder, name).c_str(), &info) == 0 && info.st_nlink == 0 &&
          info.st_dev == device && seen.insert(info.st_ino).second) {
        bytes += info.st_blocks * 512;
      }
      return --at_most > 0;
    });
  }
  return bytes;
}

pid_t ProcessTree::first_child() const {
  std::vector<pid_t> children;
  append_children(root_, children);
  return children.empty() ? 0 : children.front();
}

void ProcessTree::kill() const {
  // The root has not been waited for, so the number is still its own; and its children's are theirs
  // as long as the root does not wait for them, which it does only to end.
  std::vector<pid_t> children;
  append_children(root_, children);
  for (const pid_t child : children) ::kill(child, SIGKILL);
  if (children.empty()) ::kill(root_, SIGKILL);
}

Result<FileDescriptor> open_process(pid_t pid) {
  FileDescriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return system_failure(fmt::format("could not open the process {}", pid));
  return move_up(std::move(process));
}

void kill_process(const FileDescriptor& process) {
  (void)syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
}

}  // namespace pareto::sandbox
