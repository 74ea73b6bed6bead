#include "apps/server/run_hub.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "agent/core/budget_guard.h"
#include "agent/core/json_text.h"
#include "agent/runner/experience.h"

namespace pareto {
namespace {

constexpr Milliseconds kAttend{500};
constexpr int kAttendsPerHeartbeat = 30;
constexpr std::size_t kPage = 100;
// How much of a run's past waits for a reader at a time.
constexpr std::size_t kReplayBytes = 256 * 1024;

std::string frame(const Event& event) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.seq, name_of(event.payload),
                     to_line(event));
}

std::string frame(const Delta& delta) {
  const char* kind = delta.kind == Delta::Kind::text        ? "text"
                     : delta.kind == Delta::Kind::reasoning ? "reasoning"
                                                            : "tool_arguments";
  const Json json = {{"kind", kind}, {"text", std::string(delta.text)}};
  return "event: delta\ndata: " + dump_json(json) + "\n\n";
}

struct Follower {
  std::shared_ptr<HttpStream> stream;
  std::int64_t sent = 0;
};

}  // namespace

struct RunHub::Active {
  Lease lease;
  std::vector<Follower> followers{};
  std::function<void(Result<void>)> started{};
  std::unique_ptr<Operation> approval{};
  std::unique_ptr<Operation> learning{};

  void send(const std::string& text) {
    for (const Follower& follower : followers) follower.stream->send(text);
    std::erase_if(followers, [](const Follower& one) { return one.stream->closed(); });
  }
};

RunHub::RunHub(System& system, std::size_t most_runs) : system_(system), most_runs_(most_runs) {
  attend();
}

RunHub::~RunHub() = default;

void RunHub::start(Started started, std::function<void(Result<void>)> done) {
  if (active() >= most_runs_) {
    return done(fail(ErrorCode::limit, fmt::format("{} runs are under way, as many as this server "
                                                   "takes; try again later",
                                                   active())));
  }
  ++starting_;
  const RunId run = started.run;
  system_.leases().acquire(
      run, "pareto serve", system_.clock().now(),
      [this, started = std::move(started), done = std::move(done)](Result<Lease> lease) mutable {
        --starting_;
        if (!lease) return done(std::unexpected(lease.error()));
        if (draining_) return done(fail(ErrorCode::unavailable, "this server is going away"));
        launch(std::move(started), std::move(*lease), std::move(done));
      });
}

void RunHub::launch(Started started, Lease lease, std::function<void(Result<void>)> done) {
  const RunId run = started.run;
  active_[run] =
      std::make_unique<Active>(Active{.lease = std::move(lease), .started = std::move(done)});
  system_.runner().start(std::move(started), {.listener = listener(run)});
}

RunListener RunHub::listener(const RunId& run) {
  RunListener hears;
  hears.on_event = [this, run](const Run&, const Event& event) { publish(run, event); };
  hears.on_delta = [this, run](const Delta& delta) {
    const auto active = active_.find(run);
    if (active == active_.end() || active->second->followers.empty()) return;
    active->second->send(frame(delta));
  };
  hears.on_question = [this, run](const RunId&, const AskPerson&) { wait_for_approval(run); };
  hears.on_done = [this, run](const Run& ended, const Result<Outcome>& outcome) {
    finished(run, ended, outcome);
  };
  return hears;
}

void RunHub::publish(const RunId& run, const Event& event) {
  const auto found = active_.find(run);
  if (found == active_.end()) return;
  Active& active = *found->second;
  if (std::holds_alternative<ApprovalGiven>(event.payload)) active.approval.reset();
  std::string text;
  for (Follower& follower : active.followers) {
    if (event.seq <= follower.sent) continue;
    if (text.empty()) text = frame(event);
    follower.stream->send(text);
    follower.sent = event.seq;
  }
  std::erase_if(active.followers, [](const Follower& one) { return one.stream->closed(); });
  if (auto told = std::exchange(active.started, nullptr)) told({});
}

// The answer comes by POST .../approve, or not at all.
void RunHub::wait_for_approval(const RunId& run) {
  const auto active = active_.find(run);
  const Run* waiting = system_.runner().find(run);
  if (active == active_.end() || waiting == nullptr) return;
  const Instant now = system_.clock().now();
  const Deadline deadline = call_deadline(waiting->state(), false, now);
  active->second->approval = system_.loop().after(deadline.left(now), [this, run, deadline] {
    // A timer is bounded; a run may have longer.
    if (!deadline.passed(system_.clock().now())) return wait_for_approval(run);
    system_.runner().approve(run, false, "nobody: the time of the run was up");
  });
}

void RunHub::finished(const RunId& id, const Run& run, const Result<Outcome>& outcome) {
  const auto active = active_.find(id);
  if (active == active_.end()) return;
  if (!outcome) {
    if (auto told = std::exchange(active->second->started, nullptr)) {
      told(std::unexpected(outcome.error()));
    }
    return end(id);
  }
  auto experience = experience_of(run, *outcome);
  if (!experience || system_.memory() == nullptr || !system_.config().learn_on) return end(id);
  active->second->learning =
      system_.memory()->learn(std::move(*experience), [this, id](const Result<void>&) { end(id); });
}

// Posted, since the run's own handlers may be on the stack.
void RunHub::end(const RunId& run) {
  system_.loop().post([this, run] {
    const auto found = active_.find(run);
    if (found == active_.end()) return;
    for (const Follower& follower : found->second->followers) follower.stream->finish();
    active_.erase(found);
  });
}

void RunHub::follow(const RunId& run, std::int64_t after,
                    const std::shared_ptr<HttpStream>& stream) {
  while (!stream->closed()) {
    auto events = system_.journal().load_after(run, after, kPage);
    // The client comes back for the rest.
    if (!events) return stream->finish();
    for (const Event& event : *events) {
      stream->send(frame(event));
      after = event.seq;
      if (stream->queued() <= kReplayBytes) continue;
      return stream->when_drained([this, run, after, weak = std::weak_ptr(stream)] {
        if (const auto reader = weak.lock()) follow(run, after, reader);
      });
    }
    if (events->size() == kPage) continue;
    const auto found = active_.find(run);
    if (found == active_.end()) return stream->finish();
    found->second->followers.push_back({stream, after});
    return;
  }
}

void RunHub::drain(const std::string& by) {
  draining_ = true;
  std::vector<RunId> runs;
  for (const auto& [run, active] : active_) runs.push_back(run);
  for (const RunId& run : runs) system_.runner().cancel(run, by);
}

// Other processes may have asked a run to stop; and comments keep proxies from closing a stream on
// which nothing happens.
void RunHub::attend() {
  attending_ = system_.loop().after(kAttend, [this] {
    const bool heartbeat = ++attended_ % kAttendsPerHeartbeat == 0;
    std::vector<RunId> unwanted;
    for (const auto& [run, active] : active_) {
      if (heartbeat) active->send(": alive\n\n");
      const auto asked = system_.leases().cancel_requested(run);
      if (asked && *asked) unwanted.push_back(run);
    }
    for (const RunId& run : unwanted) system_.runner().cancel(run, "pareto runs cancel");
    attend();
  });
}

}  // namespace pareto
