#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "agent/io/descriptor.h"

// Runs one command in bubblewrap: all namespaces unshared, a seccomp filter, resource limits, no
// network, a cleared environment, and one writable folder, which the command sees as /workspace.
//
//   auto sandbox = Sandbox::create({});
//   if (!sandbox) return std::unexpected(sandbox.error());        // says how to mend it
//   auto exit = sandbox->run({.argv = shell_argv("make test"), .workspace = "/srv/task"}, stop);
//   if (!exit) ...                        // the sandbox failed; says nothing about the command
//   else if (exit->exit_code != 0) ...    // the command failed; exit->output says why

namespace pareto {

// Where the command finds its workspace, whatever the folder is called on the host, so that
// prompts and caches don't depend on the host. (With `unsafe_no_sandbox` it is the host's path.)
inline constexpr const char* kSandboxWorkspace = "/workspace";

// What a command may use. Every number must be above zero.
struct SandboxLimits {
  Milliseconds wall{60'000};
  std::int64_t memory_bytes = std::int64_t{2} << 30;  // of the whole process tree
  // Of each process; above `memory_bytes`, since run-times reserve more than they touch.
  std::int64_t address_space_bytes = std::int64_t{16} << 30;
  int processes = 128;                                 // and threads
  std::int64_t written_bytes = std::int64_t{1} << 30;  // into the workspace
  std::int64_t file_bytes = std::int64_t{1} << 30;     // of each file
  std::int64_t tmp_bytes = std::int64_t{256} << 20;    // of /tmp, and of /dev/shm
  std::int64_t printed_bytes = std::int64_t{2} << 30;  // to stdout and stderr
  int cpu_seconds = 600;                               // of each process
  int open_files = 1024;                               // of each process
  std::size_t output_head = 4'000;                     // bytes of `SandboxExit::output` kept
  std::size_t output_tail = 6'000;

  friend bool operator==(const SandboxLimits&, const SandboxLimits&) = default;
};

// Shows a host file or folder to the command, read-only.
struct SandboxBind {
  std::string source;  // absolute host path; must exist
  // Absolute path inside, outside of /proc, /dev and /workspace; below /tmp, but not /tmp itself.
  std::string target;

  friend bool operator==(const SandboxBind&, const SandboxBind&) = default;
};

// A TCP port of the sandbox's own loopback at which this process serves the command: its only way
// out, and nobody else's way in, as the host has no such port.
struct SandboxPort {
  std::uint16_t number = 0;  // of 127.0.0.1 inside
  // Gets the listening socket before the command starts, on the thread that runs it. May be called
  // again with another one when the first attempt to start came to nothing.
  std::function<void(Descriptor listener)> take;
};

struct SandboxCommand {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH; see also shell_argv
  std::string workspace;          // absolute host folder; empty: none, the command starts in /tmp
  std::string folder;             // where to start, relative to the workspace; empty: its root
  std::vector<SandboxBind> read_only;
  // Paths relative to the workspace which the command can't change although they lie in it (such
  // as ".git/hooks"). One that does not exist is ignored; one reached by a symlink is refused.
  std::vector<std::string> protected_paths;
  std::vector<std::pair<std::string, std::string>> environment;  // beside the fixed few
  std::string stdin_text;
  // Also keep stdout apart, unfiltered, up to this many bytes (0: don't). More is cut and
  // `SandboxExit::stdout_cut` is set.
  std::size_t stdout_bytes = 0;
  // `unavailable` without bubblewrap, since it takes a network namespace.
  std::optional<SandboxPort> port;
  SandboxLimits limits;
};

// argv that runs `text` by bash, or by sh where there is no bash.
std::vector<std::string> shell_argv(std::string text);

// Which limit ended the command.
enum class SandboxLimit { wall, cpu, memory, processes, disk, output };
const char* to_string(SandboxLimit limit);

// What held while a command ran.
struct SandboxLayers {
  bool namespaces = false;  // bubblewrap: user, pid, net, mount, ipc, uts, cgroup
  bool no_userns = false;   // the command can't make user namespaces of its own
  bool seccomp = false;
  bool rlimits = false;
  bool own_uid = false;   // a uid of its own (only when the caller is root)
  bool cgroup = false;    // memory.max and pids.max of cgroup v2
  bool watchdog = false;  // memory, processes and written bytes are sampled

  friend bool operator==(const SandboxLayers&, const SandboxLayers&) = default;
};
std::string to_string(const SandboxLayers& layers);  // "namespaces seccomp rlimits"

// How a command ended. That it failed is a result, not an `Error`.
struct SandboxExit {
  int exit_code = 0;  // as a shell says it: 127 not found, 128 + N after signal N
  int signal = 0;     // that ended the command or its shell; 0 if none
  bool timed_out = false;
  std::optional<SandboxLimit> limit;  // that ended it; `wall` when `timed_out`
  // stdout and stderr as they came, for a reader: valid UTF-8, escape sequences and overwritten
  // progress lines removed, the middle replaced by a line with the number of bytes left out.
  std::string output;
  bool output_cut = false;
  std::string stdout_text;  // see SandboxCommand::stdout_bytes
  bool stdout_cut = false;
  Milliseconds wall{0};
  SandboxLayers layers;

  bool ok() const { return exit_code == 0 && !limit; }
};

struct SandboxOptions {
  std::string bwrap = "bwrap";  // looked up in PATH
  // The program `pareto-sandbox`; empty: beside this program, then ../libexec/pareto, then PATH.
  std::string helper;
  // For every command, such as a tool chain under /opt; `target` folders named in `path` are found.
  std::vector<SandboxBind> read_only;
  std::string path = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
  // When the caller is root each command gets a uid (and gid) of this range for itself.
  unsigned first_uid = 60'600;
  unsigned uid_count = 500;
  // An empty cgroup v2 folder to make cgroups in; empty: look for a delegated one.
  std::string cgroup;
  // Run without bubblewrap and seccomp if bubblewrap can't be used here. Limits still hold, as far
  // as rlimits and the watchdog go, but files, network and other processes are open to the command.
  bool unsafe_no_sandbox = false;
};

// One line of `pareto doctor`.
struct SandboxProbe {
  std::string layer;  // "bubblewrap"
  bool available = false;
  bool required = false;
  std::string detail;  // what was found
  std::string advice;  // how to get it; empty when available
};

// Safe for calls from several threads at once. Movable; a moved-from sandbox may only be destroyed.
class Sandbox {
 public:
  // Runs a trial command. `unavailable` if a required layer is missing: the text says how to mend
  // it. Blocks for some 20 ms.
  static Result<Sandbox> create(SandboxOptions options);

  // Which layers this machine has, one entry each; starts trial commands. Never fails: what can't
  // be found out is "not available".
  static std::vector<SandboxProbe> probe(const SandboxOptions& options);

  Sandbox(Sandbox&&) noexcept;
  Sandbox& operator=(Sandbox&&) noexcept;
  ~Sandbox();

  // Runs a command to its end; blocks, so call it on a worker's thread, which must outlive the
  // call (the command is killed with its thread). When it returns, every process that the command
  // started is gone, and the files it made belong to the owner of the workspace.
  // Errors: `invalid` (the command can't be meant: empty argv, relative path, missing folder, a
  // bad variable name), `cancelled` (stop was asked; everything is killed), `unavailable` (the
  // sandbox could not be set up; nothing was run), `internal`.
  Result<SandboxExit> run(const SandboxCommand& command, std::stop_token stop) const;

 private:
  struct State;
  explicit Sandbox(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pareto
