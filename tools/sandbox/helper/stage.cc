#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/sandbox/helper/modes.h"
#include "tools/sandbox/helper/protocol.h"

namespace pareto::sandbox {
namespace {

void write_map(pid_t child, const char* file, unsigned inside, unsigned outside) {
  char path[64];
  char line[64];
  snprintf(path, sizeof path, "/proc/%d/%s", child, file);
  const int length = snprintf(line, sizeof line, "%u %u 1\n", inside, outside);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) give_up(kUnmappable, path);
  if (write(fd, line, static_cast<size_t>(length)) != length) give_up(kUnmappable, path);
  close(fd);
}

// A user namespace in which the ids on the disk are the new uid and gid outside. Only a process
// can make one, so a child lives until its namespace is open.
int mapping(const Stage& stage, uid_t uid) {
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) give_up(kUnmappable, "pipe2");
  const auto child = static_cast<pid_t>(
      syscall(SYS_clone, static_cast<unsigned long>(CLONE_NEWUSER | SIGCHLD), 0, 0, 0, 0));
  if (child < 0) give_up(kUnmappable, "could not make a user namespace");
  if (child == 0) {
    char byte;
    close(pipe_ends[1]);
    (void)!read(pipe_ends[0], &byte, 1);  // ends when the parent closes or dies
    _exit(0);
  }
  write_map(child, "uid_map", stage.owner, uid);
  write_map(child, "gid_map", stage.group, uid);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/user", child);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) give_up(kUnmappable, path);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  waitpid(child, nullptr, 0);
  return fd;
}

// A detached copy of the mount at the path.
int copy_of(const Stage& stage, uid_t uid) {
  const int tree = open_tree(AT_FDCWD, stage.path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) give_up(kFailed, stage.path);
  if (!stage.mapped) return tree;
  mount_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  const int user_namespace = mapping(stage, uid);
  attributes.userns_fd = static_cast<unsigned long long>(user_namespace);
  if (mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    give_up(kUnmappable, stage.path);
  }
  close(user_namespace);
  return tree;
}

void mount_at(int tree, int number) {
  char path[32];
  snprintf(path, sizeof path, "%s/%d", kStage, number);
  struct stat info;
  if (fstat(tree, &info) != 0) give_up(kFailed, "fstat of a staged path");
  if (S_ISDIR(info.st_mode)) {
    if (mkdir(path, 0755) != 0) give_up(kFailed, path);
  } else {
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) give_up(kFailed, path);
    close(fd);
  }
  if (move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) != 0) give_up(kFailed, path);
  close(tree);
}

}  // namespace

void mount_stages(const Launch& options) {
  if (unshare(CLONE_NEWNS) != 0) give_up(kFailed, "could not make a mount namespace");
  if (mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    give_up(kFailed, "could not detach the mount namespace");
  }
  // The copies are taken before kStage is covered: they may come from below it.
  int trees[Launch::kMaxStages];
  for (int i = 0; i < options.stage_count; ++i) trees[i] = copy_of(options.stages[i], options.uid);
  if (mount("none", kStage, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m") != 0) {
    give_up(kFailed, "could not mount the stage");
  }
  for (int i = 0; i < options.stage_count; ++i) mount_at(trees[i], i);
}

}  // namespace pareto::sandbox
