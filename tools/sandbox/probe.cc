#include <fmt/format.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "tools/sandbox/cgroup.h"
#include "tools/sandbox/machine.h"
#include "tools/sandbox/sandbox.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

// Since 5.14 RLIMIT_NPROC counts the processes of one sandbox, not of the user.
bool counts_processes_by_namespace() {
  utsname name{};
  int major = 0;
  int minor = 0;
  if (uname(&name) != 0 || std::sscanf(name.release, "%d.%d", &major, &minor) != 2) return false;
  return major > 5 || (major == 5 && minor >= 14);
}

// A folder for a trial, gone with this object.
class TrialFolder {
 public:
  TrialFolder() {
    std::string pattern = (fs::temp_directory_path() / "pareto-probe-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  TrialFolder(const TrialFolder&) = delete;
  TrialFolder& operator=(const TrialFolder&) = delete;
  ~TrialFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

SandboxProbe found(std::string layer, bool required, std::string detail) {
  return {.layer = std::move(layer),
          .available = true,
          .required = required,
          .detail = std::move(detail)};
}

SandboxProbe missing(std::string layer, bool required, std::string detail, std::string advice) {
  return {.layer = std::move(layer),
          .available = false,
          .required = required,
          .detail = std::move(detail),
          .advice = std::move(advice)};
}

SandboxProbe probe_bubblewrap(const SandboxOptions& options) {
  const auto machine = sandbox::find_machine(options);
  if (!machine) return missing("bubblewrap", true, machine.error().message, "install Pareto again");
  if (machine->bwrap.empty()) {
    return missing("bubblewrap", true, fmt::format("\"{}\" was not found", options.bwrap),
                   "install it (Debian: apt install bubblewrap)");
  }
  return found("bubblewrap", true, machine->bwrap);
}

SandboxProbe probe_own_uid(const SandboxOptions& options, const SandboxLayers& layers) {
  if (layers.own_uid) {
    return found("own_uid", false,
                 fmt::format("one of {} to {} for each command", options.first_uid,
                             options.first_uid + options.uid_count - 1));
  }
  return missing("own_uid", false, "commands run as the calling user",
                 "not needed unless Pareto runs as root");
}

SandboxProbe probe_cgroup(const SandboxOptions& options) {
  auto search = sandbox::find_cgroup(options.cgroup);
  if (search.parent) return found("cgroup", false, search.detail);
  return missing("cgroup", false, search.detail + "; the watchdog samples memory instead",
                 "run under systemd with Delegate=yes, or with `systemd-run --user --scope`");
}

SandboxProbe probe_processes() {
  if (counts_processes_by_namespace()) {
    return found("process_limit", false, "RLIMIT_NPROC counts the processes of one sandbox");
  }
  return missing("process_limit", false, "RLIMIT_NPROC counts all processes of the user",
                 "use Linux 5.14 or newer");
}

// The layers of a trial command.
void probe_trial(const SandboxOptions& options, std::vector<SandboxProbe>& report) {
  SandboxOptions strict = options;
  strict.unsafe_no_sandbox = false;
  const TrialFolder folder;
  const auto sandbox = Sandbox::create(strict);
  auto exit =
      sandbox
          ? sandbox->run({.argv = {"/bin/sh", "-c", ": > trial"}, .workspace = folder.path()}, {})
          : Result<SandboxExit>(std::unexpected(sandbox.error()));
  if (!exit || !exit->ok()) {
    const std::string reason = exit ? exit->output : exit.error().message;
    for (const char* layer : {"namespaces", "seccomp"}) {
      report.push_back(missing(layer, true, reason, sandbox::advice_for(reason)));
    }
    return;
  }
  report.push_back(found("namespaces", true, "user, pid, net, mount, ipc, uts, cgroup"));
  report.push_back(found("seccomp", true, "system call filter"));
  if (exit->layers.no_userns) {
    report.push_back(found("no_userns", false, "--disable-userns"));
  } else {
    report.push_back(missing("no_userns", false, "only seccomp refuses new user namespaces",
                             "install bubblewrap 0.8 or newer"));
  }
  report.push_back(probe_own_uid(options, exit->layers));
}

}  // namespace

std::vector<SandboxProbe> Sandbox::probe(const SandboxOptions& options) {
  std::vector<SandboxProbe> report = {probe_bubblewrap(options)};
  if (report.front().available) probe_trial(options, report);
  report.push_back(probe_processes());
  report.push_back(probe_cgroup(options));
  if (fs::exists(fmt::format("/proc/self/task/{}/children", getpid()))) {
    report.push_back(found("watchdog", true, "memory, processes and written bytes, every 50 ms"));
  } else {
    report.push_back(missing("watchdog", true, "/proc shows no children of a task",
                             "use a kernel with CONFIG_PROC_CHILDREN"));
  }
  return report;
}

}  // namespace pareto
