#include "tools/sandbox/sandbox.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <utility>

#include "tools/sandbox/arguments.h"
#include "tools/sandbox/cgroup.h"
#include "tools/sandbox/child.h"
#include "tools/sandbox/machine.h"
#include "tools/sandbox/owner.h"
#include "tools/sandbox/seccomp_filter.h"
#include "tools/sandbox/supervise.h"
#include "tools/sandbox/uid_lease.h"

namespace pareto {

using sandbox::FileDescriptor;
using sandbox::Identity;
using sandbox::Watched;

struct Sandbox::State {
  SandboxOptions options;
  sandbox::Machine machine;
  std::optional<sandbox::CgroupParent> cgroups;
  FileDescriptor seccomp;
  FileDescriptor passwd;
  FileDescriptor group;
  sandbox::FolderLocks locks;
  bool own_uid = false;  // each command runs under a uid of its own

  Result<void> prepare();
  Result<void> try_out();
  bool bare() const { return machine.bwrap.empty(); }
  Result<Watched> attempt(const SandboxCommand& command, const Identity& identity,
                          std::stop_token stop) const;
  Result<Watched> attempt_by_chown(const SandboxCommand& command, Identity identity,
                                   std::stop_token stop);
  Result<Watched> run(const SandboxCommand& command, std::stop_token stop);
};

namespace {

constexpr int kProcessesOutside = 3;  // bubblewrap twice, and pareto-sandbox before it becomes one

Result<FileDescriptor> stdin_of(const SandboxCommand& command) {
  if (command.stdin_text.empty()) return sandbox::open_null();
  return sandbox::make_memory_file(command.stdin_text);
}

Error not_started(const std::string& complaint) {
  return {ErrorCode::unavailable, "the sandbox could not be set up: " + complaint};
}

}  // namespace

std::vector<std::string> shell_argv(std::string text) {
  const bool bash = access("/bin/bash", X_OK) == 0;
  return {bash ? "/bin/bash" : "/bin/sh", "-c", std::move(text)};
}

const char* to_string(SandboxLimit limit) {
  switch (limit) {
    case SandboxLimit::wall:
      return "wall";
    case SandboxLimit::cpu:
      return "cpu";
    case SandboxLimit::memory:
      return "memory";
    case SandboxLimit::processes:
      return "processes";
    case SandboxLimit::disk:
      return "disk";
    case SandboxLimit::output:
      return "output";
  }
  return "unknown";
}

std::string to_string(const SandboxLayers& layers) {
  std::string text;
  const auto add = [&text](bool held, const char* name) {
    if (held) text += (text.empty() ? "" : " ") + std::string(name);
  };
  add(layers.namespaces, "namespaces");
  add(layers.no_userns, "no_userns");
  add(layers.seccomp, "seccomp");
  add(layers.rlimits, "rlimits");
  add(layers.own_uid, "own_uid");
  add(layers.cgroup, "cgroup");
  add(layers.watchdog, "watchdog");
  return text.empty() ? "none" : text;
}

Result<Watched> Sandbox::State::attempt(const SandboxCommand& command, const Identity& identity,
                                        std::stop_token stop) const {
  std::optional<sandbox::Cgroup> cgroup;
  if (cgroups) {
    auto made = sandbox::Cgroup::make(*cgroups, command.limits.memory_bytes,
                                      command.limits.processes + kProcessesOutside);
    if (!made) return std::unexpected(made.error());
    cgroup.emplace(std::move(*made));
  }
  auto arguments = sandbox::make_arguments(machine, options, command, identity, cgroup.has_value());
  if (!arguments) return std::unexpected(arguments.error());
  auto stdin_file = stdin_of(command);
  if (!stdin_file) return std::unexpected(stdin_file.error());
  sandbox::SpawnRequest request{
      .argv = arguments->argv, .environment = arguments->environment, .stdin_file = *stdin_file};
  if (cgroup) request.cgroup = &cgroup->entrance();
  request.listens = command.port.has_value();
  std::array<FileDescriptor, 3> copies;
  if (!bare()) {
    const std::array<const FileDescriptor*, 3> originals = {&seccomp, &passwd, &group};
    for (std::size_t i = 0; i < copies.size(); ++i) {
      auto copy = sandbox::reopen(*originals[i]);
      if (!copy) return std::unexpected(copy.error());
      copies[i] = std::move(*copy);
    }
    request.seccomp = &copies[0];
    request.passwd = &copies[1];
    request.group = &copies[2];
  }
  auto child = sandbox::Child::spawn(request);
  if (!child) return std::unexpected(child.error());
  const sandbox::WatchOptions watch{.limits = command.limits,
                                    .stdout_bytes = command.stdout_bytes,
                                    .own_generations = bare() ? 1 : 2,
                                    .workspace = command.workspace,
                                    .port = command.port ? &*command.port : nullptr};
  auto watched = sandbox::supervise(std::move(*child), watch, stop);
  if (!watched) return watched;
  SandboxExit& exit = watched->exit;
  if (cgroup && !exit.limit && cgroup->out_of_memory()) exit.limit = SandboxLimit::memory;
  exit.layers = {.namespaces = !bare(),
                 .no_userns = machine.disable_userns && !bare(),
                 .seccomp = !bare(),
                 .rlimits = true,
                 .own_uid = identity.uid != 0,
                 .cgroup = cgroup.has_value(),
                 .watchdog = true};
  return watched;
}

Result<Watched> Sandbox::State::attempt_by_chown(const SandboxCommand& command, Identity identity,
                                                 std::stop_token stop) {
  identity.mapped = false;
  auto lock = locks.take(command.workspace, stop);
  if (!lock) return std::unexpected(lock.error());
  const sandbox::Owner caller{identity.owner, identity.group};
  const sandbox::Owner inner{identity.uid, static_cast<gid_t>(identity.uid)};
  if (auto given = sandbox::change_owner(command.workspace, caller, inner); !given) {
    (void)sandbox::change_owner(command.workspace, inner, caller);
    return std::unexpected(given.error());
  }
  auto watched = attempt(command, identity, stop);
  if (auto back = sandbox::change_owner(command.workspace, inner, caller); !back) {
    return std::unexpected(back.error());
  }
  return watched;
}

Result<Watched> Sandbox::State::run(const SandboxCommand& command, std::stop_token stop) {
  if (!own_uid || bare()) return attempt(command, Identity{}, stop);
  const auto lease = sandbox::UidLease::take(options.first_uid, options.uid_count);
  if (!lease) {
    return fail(ErrorCode::unavailable,
                fmt::format("sandbox: all {} uids from {} on are in use; widen the range",
                            options.uid_count, options.first_uid));
  }
  Identity identity{.uid = lease->uid()};
  if (command.workspace.empty()) return attempt(command, identity, stop);
  const auto owner = sandbox::owner_of(command.workspace);
  if (!owner) return std::unexpected(owner.error());
  identity.mapped = true;
  identity.owner = owner->uid;
  identity.group = owner->gid;
  auto watched = attempt(command, identity, stop);
  if (watched && watched->unmappable) return attempt_by_chown(command, identity, stop);
  return watched;
}

Sandbox::Sandbox(std::unique_ptr<State> state) : state_(std::move(state)) {}
Sandbox::Sandbox(Sandbox&&) noexcept = default;
Sandbox& Sandbox::operator=(Sandbox&&) noexcept = default;
Sandbox::~Sandbox() = default;

Result<SandboxExit> Sandbox::run(const SandboxCommand& command, std::stop_token stop) const {
  if (auto checked = sandbox::check(command); !checked) return std::unexpected(checked.error());
  if (command.port && state_->bare()) {
    return fail(
        ErrorCode::unavailable,
        "sandbox: a port of the command's own takes a network namespace; install bubblewrap "
        "(Debian: apt install bubblewrap)");
  }
  auto watched = state_->run(command, stop);
  if (!watched) return std::unexpected(watched.error());
  if (watched->stopped) return fail(ErrorCode::cancelled, "the command was stopped");
  // Too slow a start is the machine's fault, whatever the limit says.
  if (!watched->started) return std::unexpected(not_started(watched->complaint));
  return std::move(watched->exit);
}

Result<void> Sandbox::State::prepare() {
  auto filter = sandbox::make_seccomp_filter();
  if (!filter) return std::unexpected(filter.error());
  auto users = sandbox::make_memory_file(sandbox::passwd_text());
  if (!users) return std::unexpected(users.error());
  auto groups = sandbox::make_memory_file(sandbox::group_text());
  if (!groups) return std::unexpected(groups.error());
  seccomp = std::move(*filter);
  passwd = std::move(*users);
  group = std::move(*groups);
  return {};
}

// Whether a command gets as far as being run, as the caller's kind of user.
Result<void> Sandbox::State::try_out() {
  const SandboxCommand command{.argv = {"/bin/sh", "-c", ":"}};
  auto watched = run(command, {});
  if (watched && !watched->started && machine.disable_userns) {
    // Older than bubblewrap 0.8, or a kernel that does not let it; seccomp still refuses them.
    machine.disable_userns = false;
    watched = run(command, {});
  }
  if (watched && !watched->started && own_uid && !sandbox::has_all_uids()) {
    // The root of a container without further uids, which is an ordinary user outside.
    own_uid = false;
    machine.disable_userns = true;
    return try_out();
  }
  if (!watched) return std::unexpected(watched.error());
  if (!watched->started) {
    Error error = not_started(watched->complaint);
    error.message += "; " + sandbox::advice_for(watched->complaint);
    return std::unexpected(std::move(error));
  }
  if (watched->exit.ok()) return {};
  return fail(ErrorCode::unavailable,
              fmt::format("the sandbox could not run a trial command (exit code {}): {}",
                          watched->exit.exit_code, watched->exit.output));
}

Result<Sandbox> Sandbox::create(SandboxOptions options) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  auto machine = sandbox::find_machine(state->options);
  if (!machine) return std::unexpected(machine.error());
  state->machine = std::move(*machine);
  state->own_uid = geteuid() == 0;
  state->cgroups = sandbox::find_cgroup(state->options.cgroup).parent;
  Result<void> ready = state->bare() ? fail(ErrorCode::unavailable,
                                            "bubblewrap was not found; "
                                            "install it (Debian: apt install bubblewrap)")
                                     : state->prepare();
  if (ready) ready = state->try_out();
  if (!ready && state->options.unsafe_no_sandbox) {
    state->machine.bwrap.clear();
    ready = state->try_out();
  }
  if (!ready) return std::unexpected(ready.error());
  return Sandbox(std::move(state));
}

}  // namespace pareto
