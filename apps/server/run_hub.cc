#include "apps/server/run_hub.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/runner/experience.h"

namespace pareto {
namespace {

constexpr Milliseconds kHeartbeat{15'000};
constexpr std::size_t kPage = 500;

std::string frame(std::int64_t seq, std::string_view type, std::string_view data) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", seq, type, data);
}

std::string delta_frame(const Delta& delta) {
  const char* kind = delta.kind == Delta::Kind::text        ? "text"
                     : delta.kind == Delta::Kind::reasoning ? "reasoning"
                                                            : "tool_arguments";
  const Json json = {{"kind", kind}, {"text", std::string(delta.text)}};
  return "event: delta\ndata: " + dump_json(json) + "\n\n";
}

}  // namespace

struct RunHub::Follower {
  std::shared_ptr<HttpStream> stream;
  std::int64_t sent = 0;
};

struct RunHub::Active {
  Lease lease;
  std::vector<Follower> followers{};
  std::function<void(Result<void>)> started{};
  std::unique_ptr<Operation> learning{};
};

RunHub::RunHub(System& system, std::size_t most_runs) : system_(system), most_runs_(most_runs) {
  heartbeat();
}

RunHub::~RunHub() = default;

void RunHub::start(Started started, std::function<void(Result<void>)> done) {
  if (active_.size() >= most_runs_) {
    return done(fail(ErrorCode::limit, fmt::format("{} runs are under way, as many as this server "
                                                   "takes; try again later",
                                                   active_.size())));
  }
  const RunId run = started.run;
  system_.leases().acquire(
      run, "pareto serve", system_.clock().now(),
      [this, started = std::move(started), done = std::move(done)](Result<Lease> lease) mutable {
        if (!lease) return done(std::unexpected(lease.error()));
        launch(std::move(started), std::move(*lease), std::move(done));
      });
}

void RunHub::launch(Started started, Lease lease, std::function<void(Result<void>)> done) {
  const RunId run = started.run;
  active_[run] =
      std::make_unique<Active>(Active{.lease = std::move(lease), .started = std::move(done)});
  StartOptions options;
  options.listener.on_event = [this](const Run& changed, const Event& event) {
    publish(changed.id(), event);
  };
  options.listener.on_delta = [this, run](const Delta& delta) {
    const auto active = active_.find(run);
    if (active == active_.end() || active->second->followers.empty()) return;
    const std::string text = delta_frame(delta);
    for (const Follower& follower : active->second->followers) follower.stream->send(text);
  };
  // The answer comes by POST .../approve; until then the run waits.
  options.listener.on_question = [](const RunId&, const AskPerson&) {};
  options.listener.on_done = [this, run](const Run& ended, Result<Outcome> outcome) {
    const auto active = active_.find(run);
    if (active == active_.end()) return;
    if (!outcome) {
      if (auto told = std::exchange(active->second->started, nullptr)) {
        told(std::unexpected(outcome.error()));
      }
      return end(run);
    }
    auto experience = experience_of(ended, *outcome);
    if (!experience || system_.memory() == nullptr || !system_.config().learn_on) return end(run);
    active->second->learning = system_.memory()->learn(std::move(*experience),
                                                       [this, run](Result<void>) { end(run); });
  };
  system_.runner().start(std::move(started), std::move(options));
}

void RunHub::publish(const RunId& run, const Event& event) {
  const auto found = active_.find(run);
  if (found == active_.end()) return;
  Active& active = *found->second;
  std::string text;
  for (Follower& follower : active.followers) {
    if (event.seq <= follower.sent) continue;
    if (text.empty()) text = frame(event.seq, name_of(event.payload), to_line(event));
    follower.stream->send(text);
    follower.sent = event.seq;
  }
  std::erase_if(active.followers, [](const Follower& one) { return one.stream->closed(); });
  if (auto told = std::exchange(active.started, nullptr)) told({});
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

Result<void> RunHub::follow(const RunId& run, std::int64_t after,
                            std::shared_ptr<HttpStream> stream) {
  Follower follower{std::move(stream), after};
  while (true) {
    auto events = system_.journal().load_after(run, follower.sent, kPage);
    if (!events) return std::unexpected(events.error());
    for (const Event& event : *events) {
      follower.stream->send(frame(event.seq, name_of(event.payload), to_line(event)));
      follower.sent = event.seq;
    }
    if (events->size() < kPage) break;
  }
  const auto found = active_.find(run);
  if (found == active_.end()) {
    follower.stream->finish();
    return {};
  }
  found->second->followers.push_back(std::move(follower));
  return {};
}

void RunHub::cancel_all(const std::string& by) {
  std::vector<RunId> runs;
  for (const auto& [run, active] : active_) runs.push_back(run);
  for (const RunId& run : runs) system_.runner().cancel(run, by);
}

// Comments keep proxies from closing a stream on which nothing happens; and other processes may
// have asked a run to stop.
void RunHub::heartbeat() {
  heartbeat_ = system_.loop().after(kHeartbeat, [this] {
    for (const auto& [run, active] : active_) {
      for (const Follower& follower : active->followers) follower.stream->send(": alive\n\n");
    }
    heartbeat();
  });
}

}  // namespace pareto
