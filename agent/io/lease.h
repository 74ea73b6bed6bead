#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/core/id.h"
#include "agent/core/ports.h"
#include "agent/core/result.h"
#include "agent/core/time.h"
#include "agent/io/sqlite_writer.h"

namespace pareto {

// A process as others can tell it from a later one with the same number.
struct ProcessIdentity {
  std::int64_t pid = 0;
  std::string boot_id;          // of the kernel it runs on
  std::int64_t start_time = 0;  // clock ticks after boot

  static Result<ProcessIdentity> current();
  // Whether that very process lives on this machine.
  bool alive() const;

  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

// Who works on a run.
struct LeaseHolder {
  ProcessIdentity process;
  std::string owner;  // for a person: "pareto serve", ...
  Instant since;
  bool cancel_requested = false;

  friend bool operator==(const LeaseHolder&, const LeaseHolder&) = default;
};

// The right to work on a run, given up at the end of its life. Thread: the loop's; the Leases that
// it comes from outlive it.
class Lease {
 public:
  ~Lease();
  Lease(Lease&&) noexcept;
  Lease& operator=(Lease&&) noexcept;

  const RunId& run() const;

 private:
  friend class Leases;
  struct State;
  explicit Lease(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A run has at most one owner among all processes that share a state folder. Ownership is a row in
// the state file, which says who, and a lock on the file `locks/RUN.lock` beside it, held for life:
// the kernel drops it when the owner dies, however it dies, and the next one takes over.
//
// Thread: the loop's. Not for state folders on network file systems.
class Leases {
 public:
  // `writer` outlives the leases; the locks lie in the folder of its file.
  static Result<std::unique_ptr<Leases>> open(SqliteWriter& writer);
  ~Leases();

  // Becomes the owner of `run`, taking over from an owner that has died. A live owner, this very
  // process included, is an error (`denied`) that names its process and since when it works.
  void acquire(const RunId& run, std::string owner, Instant now, Handler<Lease> done);

  // Asks the owner of `run` to stop. `not_found` when nobody works on it.
  void request_cancel(const RunId& run, Handler<void> done);
  // Whether the run's owner was asked to stop; for the owner to poll. Reads the state file.
  Result<bool> cancel_requested(const RunId& run);

  // Who works on a run; nothing when nobody does or the owner has died.
  Result<std::optional<LeaseHolder>> holder(const RunId& run);

 private:
  struct State;
  explicit Leases(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pareto
