#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/models/local/engine.h"
#include "agent/models/local/engine_place.h"
#include "agent/models/local/file_lock.h"

namespace pareto {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Milliseconds kPoll{200};
constexpr Milliseconds kPatience{5000};  // between asking the engine to end and ending it

struct Order {
  EnginePlace place;
  EngineSpec spec;
  std::vector<std::string> argv;  // of the engine; {port} is open
};

int to_int(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<Order> read_order(int argc, char** argv) {
  Order order;
  int i = 1;
  for (; i + 1 < argc && std::string_view(argv[i]) != "--"; i += 2) {
    const std::string_view name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--folder") order.place.folder = value;
    if (name == "--weights") order.spec.weights = value;
    if (name == "--context") order.spec.context = to_int(value);
    if (name == "--slots") order.spec.slots = to_int(value);
    if (name == "--threads") order.spec.threads = to_int(value);
  }
  for (++i; i < argc; ++i) order.argv.emplace_back(argv[i]);
  if (order.place.folder.empty() || order.argv.empty()) return std::nullopt;
  return order;
}

// A port that nobody listens on at this moment; 0 when there is none.
int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return 0;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound =
      ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  return bound ? ntohs(address.sin_port) : 0;
}

// Between fork and exec of the engine. The death signal belongs to the thread that forked, which is
// why this program forks from its only thread.
[[noreturn]] void become_engine(const std::string& log, pid_t parent, std::vector<char*>& words) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  if (output >= 0) {
    ::dup2(output, 1);
    ::dup2(output, 2);
    if (output > 2) ::close(output);
  }
  ::execvp(words[0], words.data());
  constexpr std::string_view kProblem = "the engine's program could not be executed\n";
  [[maybe_unused]] const ssize_t count = ::write(2, kProblem.data(), kProblem.size());
  ::_exit(127);
}

class Supervisor {
 public:
  Supervisor(Order order, FileLock life, FileLock owners)
      : order_(std::move(order)), life_(std::move(life)), owners_(std::move(owners)) {}

  int run() {
    block_signals();
    if (!start()) return 1;
    while (running()) {
      const int signal = wait_for_signal();
      if (signal == SIGTERM || signal == SIGINT || idle_for_long()) {
        stop();
        break;
      }
    }
    ::unlink(order_.place.record().c_str());
    // In this order: whoever gets the owners' lock must see that no supervisor is left.
    life_.unlock();
    owners_.unlock();
    return 0;
  }

 private:
  void block_signals() {
    sigemptyset(&signals_);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&signals_, signal);
    ::sigprocmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGHUP, SIG_IGN);
  }

  bool start() {
    const int port = free_port();
    if (port == 0) return false;
    std::vector<std::string> argv = order_.argv;
    std::vector<char*> words;
    for (std::string& word : argv) {
      if (word == "{port}") word = std::to_string(port);
      words.push_back(word.data());
    }
    words.push_back(nullptr);
    const std::string log = order_.place.log();
    const pid_t self = ::getpid();
    engine_ = ::fork();
    if (engine_ == 0) become_engine(log, self, words);
    if (engine_ < 0) return false;
    const EngineStatus status{port, engine_, self, order_.spec, order_.argv.front()};
    if (write_record(order_.place, status)) return true;
    stop();
    return false;
  }

  bool running() {
    int status = 0;
    if (::waitpid(engine_, &status, WNOHANG) == engine_) engine_ = -1;
    return engine_ > 0;
  }

  int wait_for_signal() const {
    const timespec pause{0, std::chrono::nanoseconds(kPoll).count()};
    return ::sigtimedwait(&signals_, nullptr, &pause);
  }

  // The exclusive lock proves that nobody holds a share. It stays held when the answer is yes, so
  // that no owner can come between the decision and the end.
  bool idle_for_long() {
    const Steady::time_point now = Steady::now();
    if (!owners_.try_lock(LockMode::exclusive)) {
      idle_since_.reset();
      return false;
    }
    const Instant touched = owners_.touched();
    if (!idle_since_ || touched != last_touch_) {
      idle_since_ = now;
      last_touch_ = touched;
    }
    const int keep_alive = std::max(0, to_int(read_small_file(order_.place.keep_alive())));
    if (now - *idle_since_ >= std::chrono::seconds(keep_alive)) return true;
    owners_.unlock();
    return false;
  }

  void stop() {
    ::kill(engine_, SIGTERM);
    const Steady::time_point patience = Steady::now() + kPatience;
    while (running() && Steady::now() < patience) wait_for_signal();
    if (engine_ <= 0) return;
    ::kill(engine_, SIGKILL);
    ::waitpid(engine_, nullptr, 0);
    engine_ = -1;
  }

  Order order_;
  FileLock life_;
  FileLock owners_;
  sigset_t signals_ = {};
  pid_t engine_ = -1;
  std::optional<Steady::time_point> idle_since_;
  Instant last_touch_{};
};

}  // namespace

int supervisor_main(int argc, char** argv) {
  std::optional<Order> order = read_order(argc, argv);
  if (!order) return 2;
  // Nothing of the owner may live on here: an inherited pipe would keep its reader waiting.
  ::close_range(3, ~0U, 0);
  if (::chdir("/") != 0) return 1;
  Result<FileLock> life = FileLock::open(order->place.supervisor());
  Result<FileLock> owners = FileLock::open(order->place.owners());
  if (!life || !owners) return 1;
  // Those who only look hold the lock for a moment, hence the patience.
  const Deadline patience = Deadline::in(std::chrono::seconds(2), wall_now());
  if (!life->lock(LockMode::exclusive, patience)) return 1;
  // A killed predecessor left its record; somebody else may listen on that port by now.
  ::unlink(order->place.record().c_str());
  // The starter waits for this process; the lock lives on in the child.
  const pid_t child = ::fork();
  if (child < 0) return 1;
  if (child > 0) ::_exit(0);
  return Supervisor(*std::move(order), *std::move(life), *std::move(owners)).run();
}

}  // namespace pareto
