#include "tools/sandbox/arguments.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "tools/sandbox/helper/protocol.h"

namespace pareto::sandbox {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::invalid, "sandbox: " + std::move(text));
}

// Below `folder` or the folder itself, judged by the text of the path.
bool below(std::string_view path, std::string_view folder) {
  return path == folder ||
         (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'));
}

bool stays_inside(const fs::path& relative) {
  if (relative.is_absolute()) return false;
  return std::ranges::none_of(relative, [](const fs::path& part) { return part == ".."; });
}

Result<void> check_bind(const SandboxBind& bind) {
  std::error_code ignored;
  if (!bind.source.starts_with('/') || !fs::exists(bind.source, ignored)) {
    return invalid(fmt::format("the read-only path {} must be absolute and exist", bind.source));
  }
  const fs::path target = fs::path(bind.target).lexically_normal();
  if (target.string() != bind.target || !target.is_absolute() || target == "/") {
    return invalid(
        fmt::format("the target \"{}\" of a read-only path must be absolute and have no "
                    "dots in it",
                    bind.target));
  }
  for (const char* taken : {"/proc", "/dev", kSandboxWorkspace, kInnerHelper}) {
    if (below(bind.target, taken)) {
      return invalid(fmt::format("{} can't be shown at {}: {} is the sandbox's own", bind.source,
                                 bind.target, taken));
    }
  }
  for (const char* scratch : {"/tmp", "/var", "/var/tmp"}) {
    if (bind.target == scratch) {
      return invalid(
          fmt::format("{} can't be shown at {}: it would cover the sandbox's own /tmp; "
                      "name the folder in it that is needed",
                      bind.source, bind.target));
    }
  }
  return {};
}

// None of the folders on the way is a symlink, through which the bind would show a host path that
// the command chose.
Result<bool> exists_without_symlinks(const fs::path& root, const fs::path& relative) {
  fs::path path = root;
  for (const fs::path& part : relative) {
    if (part.empty() || part == ".") continue;
    path /= part;
    std::error_code ignored;
    const fs::file_status status = fs::symlink_status(path, ignored);
    if (!fs::exists(status)) return false;
    if (fs::is_symlink(status)) {
      return invalid(fmt::format("the protected path {} leads over the symlink {}; remove the link",
                                 relative.string(), path.string()));
    }
  }
  return true;
}

Result<void> check_workspace(const SandboxCommand& command) {
  std::error_code ignored;
  if (command.workspace.empty()) {
    if (command.folder.empty() && command.protected_paths.empty()) return {};
    return invalid("a folder or a protected path was given without a workspace");
  }
  if (!command.workspace.starts_with('/') || !fs::is_directory(command.workspace, ignored)) {
    return invalid(fmt::format("the workspace \"{}\" must be the absolute path of a folder",
                               command.workspace));
  }
  if (!stays_inside(command.folder)) {
    return invalid(fmt::format("the folder \"{}\" leads out of the workspace", command.folder));
  }
  for (const std::string& path : command.protected_paths) {
    if (path.empty() || !stays_inside(path)) {
      return invalid(fmt::format("the protected path \"{}\" leads out of the workspace", path));
    }
  }
  return {};
}

bool all_positive(const SandboxLimits& limits) {
  return limits.wall.count() > 0 && limits.memory_bytes > 0 && limits.address_space_bytes > 0 &&
         limits.processes > 0 && limits.written_bytes > 0 && limits.file_bytes > 0 &&
         limits.tmp_bytes > 0 && limits.printed_bytes > 0 && limits.cpu_seconds > 0 &&
         limits.open_files > 0;
}

// Builds the list; sources that need the caller's rights are collected as stages.
class Builder {
 public:
  Builder(const Machine& machine, const SandboxOptions& options, const SandboxCommand& command,
          const Identity& identity)
      : machine_(machine), options_(options), command_(command), identity_(identity) {}

  Result<Arguments> sandboxed(const Environment& environment, bool cgroup) {
    isolation();
    for (const auto& [name, value] : environment) add({"--setenv", name, value});
    system_folders();
    scratch_folders();
    // After the scratch folders, which would hide what is shown below /tmp.
    for (const SandboxBind& bind : options_.read_only) show(bind);
    for (const SandboxBind& bind : command_.read_only) show(bind);
    if (auto shown = workspace(); !shown) return std::unexpected(shown.error());
    add({"--ro-bind", stage(machine_.helper), kInnerHelper});
    add({"--remount-ro", "/dev", "--remount-ro", "/", "--seccomp", fmt::to_string(kSeccompFd)});

    std::vector<std::string> argv = {machine_.helper, "launch", "--parent",
                                     fmt::to_string(getpid())};
    if (cgroup) argv.emplace_back("--cgroup");
    if (identity_.uid != 0) argv.insert(argv.end(), {"--uid", fmt::to_string(identity_.uid)});
    argv.insert(argv.end(), stages_.begin(), stages_.end());
    argv.insert(argv.end(), {"--", machine_.bwrap});
    argv.insert(argv.end(), bwrap_.begin(), bwrap_.end());
    argv.insert(argv.end(), {"--", kInnerHelper, "start"});
    if (command_.port) {
      argv.insert(argv.end(), {"--listen", fmt::to_string(command_.port->number)});
    }
    // One more process inside is bubblewrap's own.
    append_limits(argv, command_.limits.processes + 1);
    argv.insert(argv.end(), command_.argv.begin(), command_.argv.end());
    return Arguments{std::move(argv), {}};
  }

  Arguments bare(const Environment& environment, bool cgroup) {
    fs::path folder = command_.workspace.empty() ? fs::path("/tmp") : fs::path(command_.workspace);
    if (!command_.folder.empty()) folder /= command_.folder;
    std::vector<std::string> argv = {machine_.helper,          "bare",     "--parent",
                                     fmt::to_string(getpid()), "--folder", folder.string()};
    if (cgroup) argv.emplace_back("--cgroup");
    // Without a user namespace RLIMIT_NPROC would count all processes of the user.
    append_limits(argv, 0);
    argv.insert(argv.end(), command_.argv.begin(), command_.argv.end());
    Arguments arguments{std::move(argv), {}};
    for (const auto& [name, value] : environment) {
      arguments.environment.push_back(name + "=" + value);
    }
    return arguments;
  }

 private:
  void add(std::initializer_list<std::string> words) { bwrap_.insert(bwrap_.end(), words); }

  void isolation() {
    const std::string id = fmt::to_string(kInnerId);
    add({"--unshare-user", "--unshare-all", "--unshare-cgroup-try", "--die-with-parent",
         "--new-session", "--cap-drop", "ALL", "--uid", id, "--gid", id, "--hostname", "sandbox"});
    if (machine_.disable_userns) add({"--disable-userns"});
  }

  void system_folders() {
    add({"--ro-bind", "/usr", "/usr"});
    for (const char* path : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
      std::error_code ignored;
      const fs::file_status status = fs::symlink_status(path, ignored);
      if (fs::is_symlink(status)) {
        add({"--symlink", fs::read_symlink(path, ignored).string(), path});
      } else if (fs::is_directory(status)) {
        add({"--ro-bind", path, path});
      }
    }
    add({"--ro-bind", "/etc", "/etc", "--ro-bind-data", fmt::to_string(kPasswdFd), "/etc/passwd",
         "--ro-bind-data", fmt::to_string(kGroupFd), "/etc/group", "--proc", "/proc", "--dev",
         "/dev"});
  }

  void scratch_folders() {
    const std::string size = fmt::to_string(command_.limits.tmp_bytes);
    add({"--perms", "1777", "--size", size, "--tmpfs", "/tmp"});
    add({"--perms", "1777", "--size", size, "--tmpfs", "/dev/shm"});
    add({"--dir", "/var", "--symlink", "../tmp", "/var/tmp", "--dir", "/home", "--dir", "/root"});
  }

  Result<void> workspace() {
    if (command_.workspace.empty()) {
      add({"--chdir", "/tmp"});
      return {};
    }
    const std::string source = stage_workspace();
    add({"--bind", source, kSandboxWorkspace});
    if (auto shown = protect(source); !shown) return shown;
    fs::path start = kSandboxWorkspace;
    if (!command_.folder.empty()) start /= command_.folder;
    add({"--chdir", start.string()});
    return {};
  }

  // The folders on the way are mounted on themselves: a mount point can't be renamed, but what
  // contains one can, and a new one put in its place.
  Result<void> protect(const std::string& source) {
    std::set<fs::path> above;  // each folder before what it contains
    std::set<fs::path> kept;
    for (const std::string& text : command_.protected_paths) {
      const fs::path path = fs::path(text).lexically_normal();
      const auto found = exists_without_symlinks(command_.workspace, path);
      if (!found) return std::unexpected(found.error());
      if (!*found) continue;
      kept.insert(path);
      for (fs::path up = path.parent_path(); !up.empty(); up = up.parent_path()) above.insert(up);
    }
    const auto mount = [&](const char* how, const fs::path& path) {
      add({how, (fs::path(source) / path).string(), (fs::path(kSandboxWorkspace) / path).string()});
    };
    for (const fs::path& path : above) mount("--bind", path);
    for (const fs::path& path : kept) mount("--ro-bind", path);
    return {};
  }

  void show(const SandboxBind& bind) { add({"--ro-bind", stage(bind.source), bind.target}); }

  // Under a uid of its own bubblewrap can't pass folders that only the caller may.
  std::string stage(const std::string& source) {
    if (identity_.uid == 0) return source;
    stages_.insert(stages_.end(), {"--stage", source});
    return fmt::format("{}/{}", kStage, stage_count_++);
  }

  std::string stage_workspace() {
    if (identity_.uid == 0 || !identity_.mapped) return stage(command_.workspace);
    stages_.insert(stages_.end(), {"--stage-mapped", fmt::to_string(identity_.owner),
                                   fmt::to_string(identity_.group), command_.workspace});
    return fmt::format("{}/{}", kStage, stage_count_++);
  }

  void append_limits(std::vector<std::string>& argv, int processes) const {
    const SandboxLimits& limits = command_.limits;
    argv.insert(argv.end(),
                {"--address-space", fmt::to_string(limits.address_space_bytes), "--cpu",
                 fmt::to_string(limits.cpu_seconds), "--file", fmt::to_string(limits.file_bytes),
                 "--open-files", fmt::to_string(limits.open_files), "--processes",
                 fmt::to_string(processes), "--"});
  }

  const Machine& machine_;
  const SandboxOptions& options_;
  const SandboxCommand& command_;
  const Identity& identity_;
  std::vector<std::string> bwrap_;
  std::vector<std::string> stages_;
  int stage_count_ = 0;
};

}  // namespace

Result<void> check(const SandboxCommand& command) {
  if (command.argv.empty() || command.argv.front().empty()) return invalid("the command is empty");
  for (const std::string& word : command.argv) {
    // The kernel takes no longer word (MAX_ARG_STRLEN).
    constexpr std::size_t kMaxWord = 128 * 1024 - 1;
    if (word.find('\0') != std::string::npos) return invalid("the command holds a NUL");
    if (word.size() > kMaxWord) {
      return invalid(
          fmt::format("a word of the command has {} bytes, and {} is the most; put it "
                      "into a file",
                      word.size(), kMaxWord));
    }
  }
  if (command.port && (command.port->number == 0 || !command.port->take)) {
    return invalid("a port needs a number and somebody who takes its connections");
  }
  if (!all_positive(command.limits)) return invalid("every limit must be above zero");
  for (const SandboxBind& bind : command.read_only) {
    if (auto checked = check_bind(bind); !checked) return checked;
  }
  return check_workspace(command);
}

Result<Arguments> make_arguments(const Machine& machine, const SandboxOptions& options,
                                 const SandboxCommand& command, const Identity& identity,
                                 bool cgroup) {
  auto environment = make_environment(options.path, command.environment);
  if (!environment) return std::unexpected(environment.error());
  Builder builder(machine, options, command, identity);
  if (machine.bwrap.empty()) return builder.bare(*environment, cgroup);
  return builder.sandboxed(*environment, cgroup);
}

std::string passwd_text() {
  return fmt::format(
      "root:x:0:0:root:/root:/usr/sbin/nologin\n"
      "agent:x:{0}:{0}:agent:/tmp:/bin/sh\n"
      "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
      kInnerId);
}

std::string group_text() {
  return fmt::format("root:x:0:\nagent:x:{}:\nnogroup:x:65534:\n", kInnerId);
}

}  // namespace pareto::sandbox
