#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/sandbox/helper/modes.h"
#include "tools/sandbox/helper/protocol.h"

namespace pareto::sandbox {

void give_up(char kind, const char* what) {
  char text[512];
  const int length = snprintf(text, sizeof text, "%c%s: %s", kind, what, strerror(errno));
  const size_t size =
      length < static_cast<int>(sizeof text) ? static_cast<size_t>(length) : sizeof text - 1;
  // Nobody is left to tell when this fails; the exit status still says it.
  (void)!write(kStatusFd, text, size);
  _exit(125);
}

namespace {

[[noreturn]] void wrong_usage(const char* what) {
  errno = EINVAL;
  give_up(kFailed, what);
}

unsigned long number(const char* text) {
  char* end = nullptr;
  errno = 0;
  const unsigned long value = strtoul(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0') wrong_usage(text);
  return value;
}

// Walks over the words of the command line.
class Words {
 public:
  explicit Words(char** next) : next_(next) {}
  bool at_command() {
    if (*next_ == nullptr) wrong_usage("expected -- and a command");
    return strcmp(*next_, "--") == 0;
  }
  char** command() {
    if (next_[1] == nullptr) wrong_usage("expected a command after --");
    return next_ + 1;
  }
  bool take(const char* flag) {
    if (strcmp(*next_, flag) != 0) return false;
    ++next_;
    return true;
  }
  const char* text() {
    if (*next_ == nullptr) wrong_usage("expected a value");
    return *next_++;
  }
  unsigned long count() { return number(text()); }

 private:
  char** next_;
};

[[noreturn]] void main_launch(char** argv) {
  Launch options;
  Words words(argv);
  while (!words.at_command()) {
    if (words.take("--parent")) {
      options.parent = static_cast<pid_t>(words.count());
    } else if (words.take("--cgroup")) {
      options.cgroup = true;
    } else if (words.take("--uid")) {
      options.uid = static_cast<uid_t>(words.count());
    } else if (options.stage_count < Launch::kMaxStages && words.take("--stage")) {
      options.stages[options.stage_count++].path = words.text();
    } else if (options.stage_count < Launch::kMaxStages && words.take("--stage-mapped")) {
      Stage& stage = options.stages[options.stage_count++];
      stage.mapped = true;
      stage.owner = static_cast<uid_t>(words.count());
      stage.group = static_cast<gid_t>(words.count());
      stage.path = words.text();
    } else {
      wrong_usage(words.text());
    }
  }
  options.argv = words.command();
  launch(options);
}

bool take_limit(Words& words, Start& options) {
  if (words.take("--address-space")) return options.address_space = words.count(), true;
  if (words.take("--cpu")) return options.cpu_seconds = words.count(), true;
  if (words.take("--file")) return options.file_bytes = words.count(), true;
  if (words.take("--processes")) return options.processes = words.count(), true;
  if (words.take("--open-files")) return options.open_files = words.count(), true;
  return false;
}

[[noreturn]] void main_start(char** argv) {
  Start options;
  Words words(argv);
  while (!words.at_command()) {
    if (words.take("--listen")) {
      options.listen_port = words.count();
    } else if (!take_limit(words, options)) {
      wrong_usage(words.text());
    }
  }
  options.argv = words.command();
  start(options);
}

[[noreturn]] void main_bare(char** argv) {
  pid_t parent = 0;
  bool cgroup = false;
  const char* folder = "/";
  Start options;
  Words words(argv);
  while (!words.at_command()) {
    if (words.take("--parent")) {
      parent = static_cast<pid_t>(words.count());
    } else if (words.take("--cgroup")) {
      cgroup = true;
    } else if (words.take("--folder")) {
      folder = words.text();
    } else if (!take_limit(words, options)) {
      wrong_usage(words.text());
    }
  }
  options.argv = words.command();
  bare(parent, cgroup, folder, options);
}

}  // namespace
}  // namespace pareto::sandbox

int main(int argc, char** argv) {
  using namespace pareto::sandbox;
  if (argc >= 2 && strcmp(argv[1], "launch") == 0) main_launch(argv + 2);
  if (argc >= 2 && strcmp(argv[1], "start") == 0) main_start(argv + 2);
  if (argc >= 2 && strcmp(argv[1], "bare") == 0) main_bare(argv + 2);
  fputs("pareto-sandbox is started by pareto; it is of no use by itself.\n", stderr);
  return 2;
}
