#include "agent/io/lease.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace pareto {
namespace {

constexpr std::size_t kMaxIdBytes = 64;

// The time at which a living process started, in clock ticks after boot: field 22 of /proc/PID/stat
// (see proc(5)). The name in field 2 may hold blanks and parentheses, so counting starts after the
// last.
std::optional<std::int64_t> start_time_of(std::int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  std::size_t at = line.rfind(')');
  if (at == std::string::npos || at + 2 >= line.size()) return std::nullopt;
  const char state = line[at + 2];
  if (state == 'Z' || state == 'X') return std::nullopt;  // dead, and not yet waited for
  for (int field = 2; field < 22; ++field) {
    at = line.find(' ', at + 1);
    if (at == std::string::npos) return std::nullopt;
  }
  return std::strtoll(line.c_str() + at + 1, nullptr, 10);
}

std::string read_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

// Ids become file names.
Result<void> check_id(const RunId& run) {
  const bool plain = std::ranges::all_of(
      run.value, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
  if (plain && !run.empty() && run.value.size() <= kMaxIdBytes) return {};
  return fail(ErrorCode::invalid, "a run id is expected to be up to 64 letters, digits, - and _");
}

// A lock on a file, which is removed with the lock.
class FileLock {
 public:
  FileLock() = default;
  ~FileLock() { release(); }
  FileLock(FileLock&& other) noexcept
      : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    release();
    path_ = std::move(other.path_);
    file_ = std::exchange(other.file_, -1);
    return *this;
  }

  // False when somebody holds it.
  Result<bool> acquire(const std::string& path);
  bool held() const { return file_ >= 0; }
  void release() {
    if (file_ < 0) return;
    // While it is locked: afterwards the name may be another owner's.
    ::unlink(path_.c_str());
    ::close(std::exchange(file_, -1));
  }

 private:
  std::string path_;
  int file_ = -1;
};

Error lock_failed(const std::string& path, int code) {
  return {
      ErrorCode::internal,
      fmt::format("the lock file {} can't be used ({}): check that its folder may be written and "
                  "that files may still be opened (`ulimit -n`)",
                  path, std::generic_category().message(code))};
}

// Whether `file` is still what `path` names: its last owner removed it if not.
bool is_named(int file, const std::string& path) {
  struct stat ours{};
  struct stat named{};
  return ::fstat(file, &ours) == 0 && ::stat(path.c_str(), &named) == 0 &&
         ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

Result<bool> FileLock::acquire(const std::string& path) {
  for (;;) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return std::unexpected(lock_failed(path, errno));
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
      const int code = errno;
      ::close(file);
      if (code == EWOULDBLOCK) return false;
      if (code == EINTR) continue;
      return std::unexpected(lock_failed(path, code));
    }
    if (is_named(file, path)) {
      path_ = path;
      file_ = file;
      return true;
    }
    ::close(file);
  }
}

// Throws SQLite::Exception.
std::optional<LeaseHolder> read_holder(SqliteConnection& connection, const RunId& run) {
  auto select = connection.statement(
      "SELECT pid, boot_id, start_time, owner, since_ms, cancel_requested FROM leases "
      "WHERE run = ?1");
  select->bind(1, run.value);
  if (!select->executeStep()) return std::nullopt;
  return LeaseHolder{.process = {.pid = select->getColumn(0).getInt64(),
                                 .boot_id = select->getColumn(1).getString(),
                                 .start_time = select->getColumn(2).getInt64()},
                     .owner = select->getColumn(3).getString(),
                     .since = instant_from_ms(select->getColumn(4).getInt64()),
                     .cancel_requested = select->getColumn(5).getInt() != 0};
}

void write_holder(SqliteConnection& connection, const RunId& run, const LeaseHolder& holder) {
  auto insert = connection.statement(
      "INSERT OR REPLACE INTO leases(run, pid, boot_id, start_time, owner, since_ms, "
      "cancel_requested) VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0)");
  insert->bind(1, run.value);
  insert->bind(2, holder.process.pid);
  insert->bind(3, holder.process.boot_id);
  insert->bind(4, holder.process.start_time);
  insert->bind(5, holder.owner);
  insert->bind(6, static_cast<std::int64_t>(to_ms(holder.since)));
  insert->exec();
}

Error owned(const RunId& run, const std::optional<LeaseHolder>& holder) {
  if (!holder) {
    return {ErrorCode::denied,
            fmt::format("run {} is being worked on by another process: wait for it", run.value)};
  }
  return {
      ErrorCode::denied,
      fmt::format("run {} is being worked on by process {} ({}) since {:%F %T} UTC: wait for it, "
                  "or ask it to stop with `pareto runs cancel {}`",
                  run.value, holder->process.pid, holder->owner,
                  std::chrono::floor<std::chrono::seconds>(holder->since), run.value)};
}

// Locks are taken and given up within write transactions only, of which there is one at a time
// among all processes: so the row and the lock never tell different stories.
Result<void> take(SqliteConnection& connection, const RunId& run, const LeaseHolder& self,
                  const std::string& path, FileLock& lock) {
  const auto holder = read_holder(connection, run);
  if (!lock.held()) {
    auto locked = lock.acquire(path);
    if (!locked) return std::unexpected(locked.error());
    if (!*locked) return std::unexpected(owned(run, holder));
  }
  // Without its lock, a row of this process is a leftover of a release that could not be stored.
  if (holder && holder->process != self.process && holder->process.alive()) {
    return std::unexpected(owned(run, holder));
  }
  write_holder(connection, run, self);
  return {};
}

void give_up(SqliteConnection& connection, const RunId& run, const ProcessIdentity& self) {
  auto remove = connection.statement(
      "DELETE FROM leases WHERE run = ?1 AND pid = ?2 AND boot_id = ?3 AND start_time = ?4");
  remove->bind(1, run.value);
  remove->bind(2, self.pid);
  remove->bind(3, self.boot_id);
  remove->bind(4, self.start_time);
  remove->exec();
}

}  // namespace

Result<ProcessIdentity> ProcessIdentity::current() {
  const std::int64_t pid = ::getpid();
  const auto started = start_time_of(pid);
  std::string boot = read_boot_id();
  if (!started || boot.empty()) {
    return fail(ErrorCode::internal, "/proc can't be read, which tells processes apart: mount it");
  }
  return ProcessIdentity{.pid = pid, .boot_id = std::move(boot), .start_time = *started};
}

bool ProcessIdentity::alive() const {
  return read_boot_id() == boot_id && start_time_of(pid) == start_time;
}

struct Lease::State {
  SqliteWriter& writer;
  RunId run;
  ProcessIdentity self;
  FileLock lock;
};

Lease::Lease(std::unique_ptr<State> state) : state_(std::move(state)) {}
Lease::Lease(Lease&&) noexcept = default;

Lease& Lease::operator=(Lease&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Lease::~Lease() {
  if (!state_) return;
  SqliteWriter& writer = state_->writer;
  writer.submit(
      [state = std::move(state_)](SqliteConnection& connection) -> Result<void> {
        // Before the row, so that the lock goes even if the row can't.
        state->lock.release();
        give_up(connection, state->run, state->self);
        return {};
      },
      nullptr);
}

const RunId& Lease::run() const { return state_->run; }

struct Leases::State {
  SqliteWriter& writer;
  SqliteConnection reader;
  ProcessIdentity self;
  std::string folder;

  std::string lock_path(const RunId& run) const {
    return fmt::format("{}/{}.lock", folder, run.value);
  }
};

Leases::Leases(std::unique_ptr<State> state) : state_(std::move(state)) {}
Leases::~Leases() = default;

Result<std::unique_ptr<Leases>> Leases::open(SqliteWriter& writer) {
  auto self = ProcessIdentity::current();
  if (!self) return std::unexpected(self.error());
  auto reader = SqliteConnection::open(writer.path(), SqliteAccess::read_only);
  if (!reader) return std::unexpected(reader.error());
  const auto folder = std::filesystem::absolute(writer.path()).parent_path() / "locks";
  std::error_code code;
  if (std::filesystem::create_directories(folder, code); code) {
    return fail(ErrorCode::denied,
                fmt::format("the folder {} can't be made ({}): give yourself write access to the "
                            "state folder, or choose another with --state",
                            folder.string(), code.message()));
  }
  auto state =
      std::make_unique<State>(writer, std::move(*reader), std::move(*self), folder.string());
  return std::unique_ptr<Leases>(new Leases(std::move(state)));
}

void Leases::acquire(const RunId& run, std::string owner, Instant now, Handler<Lease> done) {
  SqliteWriter& writer = state_->writer;
  if (auto checked = check_id(run); !checked) {
    writer.loop().post([done = std::move(done), checked]() mutable {
      done(std::unexpected(std::move(checked.error())));
    });
    return;
  }
  auto lease = std::make_shared<std::unique_ptr<Lease::State>>(
      std::make_unique<Lease::State>(writer, run, state_->self));
  auto work = [lease, path = state_->lock_path(run),
               self =
                   LeaseHolder{.process = state_->self, .owner = std::move(owner), .since = now}](
                  SqliteConnection& connection) {
    return take(connection, (*lease)->run, self, path, (*lease)->lock);
  };
  writer.submit(std::move(work), [lease, done = std::move(done)](Result<void> stored) mutable {
    if (!stored) {
      lease->reset();  // and with it the lock, if only the row could not be stored
      done(std::unexpected(std::move(stored.error())));
      return;
    }
    done(Lease(std::move(*lease)));
  });
}

void Leases::request_cancel(const RunId& run, Handler<void> done) {
  auto work = [run](SqliteConnection& connection) -> Result<void> {
    const auto holder = read_holder(connection, run);
    if (!holder || !holder->process.alive()) {
      return fail(ErrorCode::not_found, fmt::format("nobody works on run {}", run.value));
    }
    auto update = connection.statement("UPDATE leases SET cancel_requested = 1 WHERE run = ?1");
    update->bind(1, run.value);
    update->exec();
    return {};
  };
  state_->writer.submit(std::move(work), std::move(done));
}

Result<bool> Leases::cancel_requested(const RunId& run) {
  try {
    const auto holder = read_holder(state_->reader, run);
    return holder && holder->cancel_requested;
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, state_->reader.path()));
  }
}

Result<std::optional<LeaseHolder>> Leases::holder(const RunId& run) {
  try {
    auto holder = read_holder(state_->reader, run);
    if (holder && !holder->process.alive()) holder.reset();
    return holder;
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, state_->reader.path()));
  }
}

}  // namespace pareto
