#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/io/http_server.h"
#include "apps/system/system.h"

namespace pareto {

// Starts runs for clients and lets any number of streams follow each. A run started here is the
// same in the journal as one started from the shell. A follower that comes late, or comes back,
// gets the durable events that it lacks first. No run waits for a follower; one that asks for an
// approval waits until only the time to wrap up is left of its limits.seconds, and is refused then.
//
// Thread: the loop's, which is not run any more once a hub is gone.
class RunHub {
 public:
  RunHub(System& system, std::size_t most_runs);
  ~RunHub();

  // Makes this process the owner and starts the run; `done` is called once its first event is
  // durable. limit: as many runs as allowed are under way; unavailable: the hub is draining.
  void start(Started started, std::function<void(Result<void>)> done);
  // Sends the events after `after` and then everything that happens, until the run has ended. The
  // run may be another process's: then what is durable now is sent and the stream ends.
  void follow(const RunId& run, std::int64_t after, const std::shared_ptr<HttpStream>& stream);

  bool owns(const RunId& run) const { return active_.contains(run); }
  std::size_t active() const { return active_.size() + starting_; }
  // Asks every run to wrap up and starts no more.
  void drain(const std::string& by);

 private:
  struct Active;
  void launch(Started started, Lease lease, std::function<void(Result<void>)> done);
  RunListener listener(const RunId& run);
  void publish(const RunId& run, const Event& event);
  void wait_for_approval(const RunId& run);
  void finished(const RunId& id, const Run& run, const Result<Outcome>& outcome);
  void end(const RunId& run);
  void attend();

  System& system_;
  std::size_t most_runs_;
  std::size_t starting_ = 0;
  bool draining_ = false;
  std::map<RunId, std::unique_ptr<Active>> active_;
  std::unique_ptr<Operation> attending_;
  int attended_ = 0;
};

}  // namespace pareto
