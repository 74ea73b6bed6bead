#include "agent/models/local/engine.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>

#include "agent/models/local/embedded.h"
#include "agent/models/local/engine_place.h"
#include "agent/models/local/file_lock.h"

namespace pareto {

struct EngineLease::State {
  EngineOptions options;
  EngineCommand command;
  EngineSpec spec;
  EnginePlace place;
  FileLock owners;
  EngineStatus status;
  std::string base_url;
};

namespace {

namespace fs = std::filesystem;

constexpr Milliseconds kPoll{20};
constexpr std::string_view kSelf = "/proc/self/exe";

int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

bool fits(const EngineSpec& running, const EngineSpec& wanted) {
  return running.weights == wanted.weights && running.context >= wanted.context &&
         running.slots >= wanted.slots;
}

std::size_t ignore_data(char*, std::size_t, std::size_t count, void*) { return count; }

// The status of GET /health: 200 ready, 503 loading, 0 no answer.
long health(int port) {
  CURL* handle = curl_easy_init();
  if (handle == nullptr) return 0;
  const std::string url = fmt::format("http://127.0.0.1:{}/health", port);
  long status = 0;
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, 2000L);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &ignore_data);
  if (curl_easy_perform(handle) == CURLE_OK) {
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  }
  curl_easy_cleanup(handle);
  return status;
}

// A zombie is not asked for: the supervisor waits for its engine at once.
bool runs(int pid) { return ::kill(pid, 0) == 0 || errno == EPERM; }

void replace_all(std::string& text, std::string_view from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// The supervisor's command line; {port} stays open until it has found a free one.
std::vector<std::string> supervisor_command(const EngineLease::State& state) {
  std::vector<std::string> argv = state.options.supervisor;
  if (argv.empty()) argv = {std::string(kSelf), "engine-supervisor"};
  const EngineSpec& spec = state.spec;
  argv.insert(argv.end(), {"--folder", state.place.folder, "--weights", spec.weights, "--context",
                           std::to_string(spec.context), "--slots", std::to_string(spec.slots),
                           "--threads", std::to_string(spec.threads), "--"});
  for (std::string word : state.command.argv) {
    replace_all(word, "{launcher}", state.place.launcher());
    replace_all(word, "{context}", std::to_string(spec.context * spec.slots));
    replace_all(word, "{slots}", std::to_string(spec.slots));
    replace_all(word, "{threads}", std::to_string(spec.threads));
    replace_all(word, "{weights}", spec.weights);
    argv.push_back(std::move(word));
  }
  return argv;
}

// Starts the supervisor and waits until it has gone to the background with its lock held.
Result<void> start_supervisor(const EngineLease::State& state) {
  if (state.command.kind == EngineCommand::Kind::wheel) {
    const Result<void> written =
        replace_file(state.place.launcher(), std::string(embedded_launcher()));
    if (!written) return written;
  }
  const std::vector<std::string> argv = supervisor_command(state);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::string shown = "pareto";  // what a list of processes says instead of "exe"
  if (argv[0] == kSelf) words[0] = shown.data();
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  for (const int stream : {0, 1, 2}) {
    posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
  }
  // A session of its own: Ctrl-C on the owner's terminal must not end a shared engine.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t child = -1;
  const int error =
      posix_spawnp(&child, argv[0].c_str(), &actions, &attributes, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return fail(ErrorCode::internal,
                fmt::format("can't start {}: {}", argv[0], std::strerror(error)));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return {};
}

Error ended_early(const EnginePlace& place) {
  std::string log = read_small_file(place.log());
  const std::size_t kept = 800;
  if (log.size() > kept) log.erase(0, log.size() - kept);
  return {
      ErrorCode::unavailable,
      fmt::format("the engine ended before it was ready; the end of {}:\n{}", place.log(), log)};
}

// Waits for the engine of a place; unavailable when its supervisor has ended.
Result<EngineStatus> wait_ready(const EnginePlace& place, Deadline deadline) {
  for (;;) {
    if (!supervised(place)) return std::unexpected(ended_early(place));
    const std::optional<EngineStatus> status = read_record(place);
    // A stranger who took the port answers too, but then our engine has ended.
    if (status && health(status->port) == 200 && runs(status->pid)) return *status;
    if (deadline.passed(wall_now())) {
      return fail(ErrorCode::timeout, fmt::format("the engine was not ready before the deadline; "
                                                  "its log is {}",
                                                  place.log()));
    }
    std::this_thread::sleep_for(kPoll);
  }
}

// With the owners' lock held: sees to it that the engine runs. More than one attempt covers a port
// that was taken by somebody else in between, and an engine that was just being ended.
Result<void> ensure_running(EngineLease::State& state, Deadline deadline) {
  Result<FileLock> start = FileLock::open(state.place.start());
  if (!start) return std::unexpected(start.error());
  const Result<void> locked = start->lock(LockMode::exclusive, deadline);
  if (!locked)
    return fail(ErrorCode::timeout, "another process was starting the engine for too long");
  Result<EngineStatus> status = std::unexpected(Error{});
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (!supervised(state.place)) {
      const Result<void> started = start_supervisor(state);
      if (!started) return started;
    }
    status = wait_ready(state.place, deadline);
    if (status || status.error().code != ErrorCode::unavailable) break;
  }
  if (!status) return std::unexpected(status.error());
  state.status = *std::move(status);
  state.base_url = fmt::format("http://127.0.0.1:{}", state.status.port);
  return {};
}

Result<void> enter(EngineLease::State& state, Deadline deadline) {
  std::error_code error;
  fs::create_directories(state.place.folder, error);
  if (error) {
    return fail(ErrorCode::internal,
                fmt::format("can't make {}: {}", state.place.folder, error.message()));
  }
  fs::permissions(state.place.folder, fs::perms::owner_all, error);
  Result<FileLock> owners = FileLock::open(state.place.owners());
  if (!owners) return std::unexpected(owners.error());
  const Result<void> locked = owners->lock(LockMode::shared, deadline);
  if (!locked) return fail(ErrorCode::timeout, "the engine was being ended for too long");
  owners->touch();
  state.owners = *std::move(owners);
  return replace_file(state.place.keep_alive(), std::to_string(state.spec.keep_alive));
}

std::optional<EnginePlace> running_fit(const std::string& cache_dir, const EngineSpec& spec) {
  for (const EnginePlace& place : all_places(cache_dir)) {
    const std::optional<EngineStatus> status = read_record(place);
    if (status && fits(status->spec, spec) && supervised(place)) return place;
  }
  return std::nullopt;
}

}  // namespace

EngineLease::EngineLease(std::unique_ptr<State> state) : state_(std::move(state)) {}
EngineLease::EngineLease(EngineLease&&) noexcept = default;
EngineLease& EngineLease::operator=(EngineLease&&) noexcept = default;

EngineLease::~EngineLease() {
  if (state_) state_->owners.touch();
}

const std::string& EngineLease::base_url() const { return state_->base_url; }
const EngineStatus& EngineLease::status() const { return state_->status; }

Result<EngineLease> Engine::acquire(const EngineOptions& options, const EngineCommand& command,
                                    const EngineSpec& spec, Deadline deadline) {
  std::error_code error;
  if (!fs::is_regular_file(spec.weights, error)) {
    return fail(
        ErrorCode::not_found,
        fmt::format("{} is missing; `pareto models list` shows what can be pulled", spec.weights));
  }
  if (spec.context < 1 || spec.slots < 1 || spec.threads < 0 || spec.keep_alive < 0) {
    return fail(ErrorCode::invalid,
                "expected context and slots of at least 1, threads and keep_alive "
                "of at least 0");
  }
  auto state = std::make_unique<EngineLease::State>();
  state->options = options;
  state->command = command;
  state->spec = spec;
  if (spec.threads == 0) state->spec.threads = usable_processors();
  // Without a second look after the lock was taken, an engine that ended in between would be
  // started again in the place of another shape.
  if (const auto running = running_fit(options.cache_dir, state->spec)) {
    state->place = *running;
    const Result<void> entered = enter(*state, deadline);
    if (!entered) return std::unexpected(entered.error());
    if (!supervised(*running)) state->place = {};
  }
  if (state->place.folder.empty()) {
    state->place = place_of(options.cache_dir, state->spec);
    const Result<void> entered = enter(*state, deadline);
    if (!entered) return std::unexpected(entered.error());
  }
  const Result<void> ready = ensure_running(*state, deadline);
  if (!ready) return std::unexpected(ready.error());
  return EngineLease(std::move(state));
}

Result<void> Engine::renew(EngineLease& lease, Deadline deadline) {
  EngineLease::State& state = *lease.state_;
  if (supervised(state.place) && health(state.status.port) == 200) return {};
  return ensure_running(state, deadline);
}

std::vector<EngineStatus> Engine::running(const std::string& cache_dir) {
  std::vector<EngineStatus> engines;
  for (const EnginePlace& place : all_places(cache_dir)) {
    if (!supervised(place)) continue;
    if (auto status = read_record(place)) engines.push_back(*std::move(status));
  }
  return engines;
}

int Engine::stop_idle(const std::string& cache_dir) {
  int stopped = 0;
  for (const EnginePlace& place : all_places(cache_dir)) {
    const std::optional<EngineStatus> status = read_record(place);
    if (!status || !supervised(place)) continue;
    Result<FileLock> owners = FileLock::open(place.owners());
    if (!owners || !owners->try_lock(LockMode::exclusive)) continue;
    if (::kill(status->supervisor_pid, SIGTERM) != 0) continue;
    const Deadline patience = Deadline::in(std::chrono::seconds(10), wall_now());
    while (supervised(place) && !patience.passed(wall_now())) std::this_thread::sleep_for(kPoll);
    if (!supervised(place)) ++stopped;
  }
  return stopped;
}

}  // namespace pareto
