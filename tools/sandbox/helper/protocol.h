#pragma once

// What the library and the program `pareto-sandbox` agree on. The program has three modes:
//
//   launch   outside of bubblewrap, as the caller: enters the cgroup, gives the workspace to an
//            unprivileged uid, becomes that uid, and becomes bubblewrap.
//   start    inside of bubblewrap, under the seccomp filter: sets the limits, listens at the port
//            that the caller serves and hands it the socket, says that it got this far, and becomes
//            the command.
//   bare     instead of bubblewrap (`unsafe_no_sandbox`): sets the limits, runs the command as a
//            child and kills whatever that leaves behind.

namespace pareto::sandbox {

// Descriptors that the program is started with; all others are closed.
inline constexpr int kStatusFd = 3;    // written by the program, see below
inline constexpr int kSeccompFd = 4;   // the BPF program, read by bubblewrap
inline constexpr int kPasswdFd = 5;    // /etc/passwd of the sandbox, read by bubblewrap
inline constexpr int kGroupFd = 6;     // /etc/group of the sandbox, read by bubblewrap
inline constexpr int kGoFd = 7;        // an eventfd, written when the command may start
inline constexpr int kListenerFd = 8;  // a Unix socket that takes the listener, only with --listen
inline constexpr int kCgroupFd = 9;    // cgroup.procs, only with --cgroup
inline constexpr int kFirstFreeFd = 10;

// What the program writes to kStatusFd: kStarted when it is ready to become the command, upon which
// it waits for kGoFd (so that the parent finds it alive and knows whom to wait for); or kUnmappable
// or kFailed followed by a text for a person.
inline constexpr char kStarted = 'S';
inline constexpr char kFailed = 'E';
inline constexpr char kUnmappable = 'M';  // this file system can't be mounted with other owners

// Where `launch --stage PATH` mounts the Nth path (in a mount namespace of its own), so that the
// unprivileged uid reaches it without having to pass folders that are closed to it.
inline constexpr const char* kStage = "/tmp";

// Where bubblewrap finds the program inside.
inline constexpr const char* kInnerHelper = "/run/pareto-sandbox";

}  // namespace pareto::sandbox
