#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apps/server/http.h"
#include "apps/system/system.h"

namespace pareto {

// Starts runs for clients and lets any number of streams follow each. A run started here is the same
// in the journal as one started from the shell. A follower that comes late, or comes back, gets the
// durable events that it lacks first. No run waits for a follower.
//
// Thread: the loop's.
class RunHub {
 public:
  RunHub(System& system, std::size_t most_runs);
  ~RunHub();

  // Makes the caller's process the owner and starts the run; `done` is called once its first event
  // is durable. limit: as many runs as allowed are under way.
  void start(Started started, std::function<void(Result<void>)> done);
  // Sends the events after `after` and then everything that happens, until the run has ended. The
  // run may be another process's: then what is durable now is sent and the stream ends.
  Result<void> follow(const RunId& run, std::int64_t after, std::shared_ptr<HttpStream> stream);

  std::size_t active() const { return active_.size(); }
  // Asks every run to wrap up.
  void cancel_all(const std::string& by);

 private:
  struct Active;
  struct Follower;
  void launch(Started started, Lease lease, std::function<void(Result<void>)> done);
  void publish(const RunId& run, const Event& event);
  void end(const RunId& run);
  void heartbeat();

  System& system_;
  std::size_t most_runs_;
  std::map<RunId, std::unique_ptr<Active>> active_;
  std::unique_ptr<Operation> heartbeat_;
};

}  // namespace pareto
