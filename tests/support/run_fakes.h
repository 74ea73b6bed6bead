#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/ports.h"

// Ports of a runner that do nothing by themselves: work is queued, and a test decides what happens
// next. Nothing here has a thread or a clock of its own.

namespace pareto::fakes {

// What a loop would run, in order.
class Queue {
 public:
  void post(std::move_only_function<void()> work) { work_.push_back(std::move(work)); }
  // Runs everything, also what is posted meanwhile.
  void drain() {
    while (step()) continue;
  }
  // Runs what is next; false when there is nothing.
  bool step() {
    if (work_.empty()) return false;
    auto work = std::move(work_.front());
    work_.pop_front();
    work();
    return true;
  }

 private:
  std::deque<std::move_only_function<void()>> work_;
};

class Clock final : public pareto::Clock {
 public:
  Instant now() const override { return now_; }
  void pass(Milliseconds span) { now_ += span; }

 private:
  Instant now_ = instant_from_ms(1'800'000'000'000);
};

// An operation whose handler is dropped when it is destroyed.
class Pending final : public Operation {
 public:
  Pending(std::shared_ptr<bool> alive, bool* cancelled)
      : alive_(std::move(alive)), cancelled_(cancelled) {}
  ~Pending() override {
    if (*alive_ && cancelled_ != nullptr) *cancelled_ = true;
    *alive_ = false;
  }

 private:
  std::shared_ptr<bool> alive_;
  bool* cancelled_;
};

template <class... Values, class Done>
std::unique_ptr<Operation> later(Queue& queue, Done done, Values... values) {
  auto alive = std::make_shared<bool>(true);
  queue.post([alive, done = std::move(done), ... values = std::move(values)]() mutable {
    if (!std::exchange(*alive, false)) return;
    done(std::move(values)...);
  });
  return std::make_unique<Pending>(alive, nullptr);
}

// Keeps events; `fail_at` makes the append with that number fail, counted from 1.
class FakeJournal final : public Journal {
 public:
  explicit FakeJournal(Queue& queue) : queue_(queue) {}
  void append(const RunId& run, std::vector<Event> added, Handler<void> done) override {
    ++appends;
    if (appends == fail_at) {
      queue_.post(
          [done = std::move(done)]() mutable { done(fail(ErrorCode::limit, "the disk is full")); });
      return;
    }
    queue_.post([this, run, added = std::move(added), done = std::move(done)]() mutable {
      for (Event& event : added) events[run].push_back(std::move(event));
      done({});
    });
  }
  Result<std::vector<Event>> load(const RunId& run) override { return events[run]; }

  std::map<RunId, std::vector<Event>> events;
  int appends = 0;
  int fail_at = 0;

 private:
  Queue& queue_;
};

// Replies in order; remembers what it was asked. A reply of nullopt never comes.
class FakeModel final : public Model {
 public:
  explicit FakeModel(Queue& queue) : queue_(queue) {
    info_.name = "fake";
    info_.price =
        Price{.input = Money::nanos(1'000'000'000), .output = Money::nanos(2'000'000'000)};
  }
  const ModelInfo& info() const override { return info_; }
  std::unique_ptr<Conversation> open_conversation() const override {
    return std::make_unique<Conversation>();
  }
  std::unique_ptr<Operation> start(Conversation&, const Request& request, DeltaHandler,
                                   ReplyHandler done) override {
    std::vector<Message> history;
    for (const MessageRef& message : request.messages) history.push_back(*message);
    requests.push_back(std::move(history));
    only_tools.emplace_back(request.only_tool);
    if (on_start) on_start();
    if (replies.empty() || !replies.front()) {
      waiting_ = std::make_shared<bool>(true);
      return std::make_unique<Pending>(waiting_, &cancelled);
    }
    Reply reply = std::move(*replies.front());
    replies.pop_front();
    return later(queue_, std::move(done), std::move(reply));
  }

  ModelInfo info_;
  std::deque<std::optional<Reply>> replies;
  std::vector<std::vector<Message>> requests;  // the history of each call
  std::vector<std::string> only_tools;
  std::function<void()> on_start;
  bool cancelled = false;

 private:
  Queue& queue_;
  std::shared_ptr<bool> waiting_;
};

// Tools that answer "did NAME"; what each call saw durable is remembered by the test's hook.
class FakeToolbox final : public Toolbox {
 public:
  explicit FakeToolbox(Queue& queue) : queue_(queue) {}
  Result<std::vector<ToolSpec>> specs(const Task&) const override { return tools; }
  std::unique_ptr<Operation> invoke(Call call,
                                    std::move_only_function<void(ToolResult)> done) override {
    called.push_back(call.call);
    last = call;
    if (on_invoke) on_invoke(call.call);
    if (hanging.contains(call.call.name)) {
      waiting_ = std::make_shared<bool>(true);
      return std::make_unique<Pending>(waiting_, &cancelled);
    }
    ToolResult result{.call_id = call.call.id, .text = "did " + call.call.name};
    result.changed_workspace = call.call.name == "edit";
    return later(queue_, std::move(done), std::move(result));
  }

  std::vector<ToolSpec> tools;
  std::vector<ToolCall> called;
  std::optional<Call> last;
  std::set<std::string> hanging;
  std::function<void(const ToolCall&)> on_invoke;
  bool cancelled = false;

 private:
  Queue& queue_;
  std::shared_ptr<bool> waiting_;
};

class FakeWorkbench final : public Workbench {
 public:
  explicit FakeWorkbench(Queue& queue) : queue_(queue) {}
  std::unique_ptr<Operation> open(const RunId&, const Task&, Handler<Place> done) override {
    ++opened;
    return later(queue_, std::move(done), Result<Place>(Place{.workspace = "/workspace"}));
  }
  std::unique_ptr<Operation> changed_since(const RunId&, Instant since,
                                           Handler<std::vector<std::string>> done) override {
    asked_since = since;
    return later(queue_, std::move(done), Result<std::vector<std::string>>(changed));
  }
  std::unique_ptr<Operation> brief(const Place&, const Task&, Handler<Briefing> done) override {
    return later(queue_, std::move(done), Result<Briefing>(Briefing{}));
  }
  std::unique_ptr<Operation> verify(const Place&, const CheckCommand&, Deadline,
                                    Handler<Verdict> done) override {
    Result<Verdict> verdict = Verdict{.passed = true};
    if (!verdicts.empty()) {
      verdict = verdicts.front();
      verdicts.pop_front();
    }
    return later(queue_, std::move(done), std::move(verdict));
  }
  std::unique_ptr<Operation> diff(const RunId&, const Place&, Handler<std::string> done) override {
    return later(queue_, std::move(done), Result<std::string>(std::string("the diff")));
  }

  std::deque<Result<Verdict>> verdicts;
  std::vector<std::string> changed;  // from outside
  std::optional<Instant> asked_since;
  int opened = 0;

 private:
  Queue& queue_;
};

// Always the mode that was asked for, with the first model.
class FakeRouter final : public Router {
 public:
  Result<Route> route(const Question& question, std::uint64_t seed) const override {
    if (error) return std::unexpected(*error);
    return Route{.mode = question.mode.value_or(Mode::agentic),
                 .model = question.models.front().name,
                 .seed = seed};
  }
  std::optional<Error> error;
};

}  // namespace pareto::fakes
