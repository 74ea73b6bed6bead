#include "apps/export/turns.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"

namespace pareto::exporting {
namespace {

// Puts one event after the other where it belongs. Events were checked by the run before.
class Gatherer {
 public:
  explicit Gatherer(RunTurns& result) : result_(result) {}

  void take(const Event& event) {
    seq_ = event.seq;
    at_ = event.at;
    std::visit([this](const auto& payload) { put(payload); }, event.payload);
  }

  // What has no end lasts until the last event.
  void finish() {
    for (Happening& happening : result_.happenings) {
      if (auto* turn = std::get_if<ModelTurn>(&happening)) {
        if (!turn->reply) turn->ended_at = at_;
        end(turn->tools);
      } else if (auto* step = std::get_if<PlannerStep>(&happening)) {
        end(step->tools);
      } else if (auto* check = std::get_if<CheckRun>(&happening)) {
        if (!check->verdict) check->ended_at = at_;
      }
    }
  }

 private:
  void end(std::vector<ToolUse>& tools) const {
    for (ToolUse& use : tools) {
      if (!use.result) use.ended_at = at_;
    }
  }

  template <class T>
  T* last() {
    for (auto at = result_.happenings.rbegin(); at != result_.happenings.rend(); ++at) {
      if (auto* found = std::get_if<T>(&*at)) return found;
    }
    return nullptr;
  }

  std::vector<ToolUse>* open_tools() {
    if (from_planner_) {
      auto* step = last<PlannerStep>();
      return step == nullptr ? nullptr : &step->tools;
    }
    auto* turn = last<ModelTurn>();
    return turn == nullptr ? nullptr : &turn->tools;
  }

  void remark(std::string text, const Payload& payload) {
    result_.happenings.push_back(
        Remark{.seq = seq_, .at = at_, .kind = name_of(payload), .text = std::move(text)});
  }

  void put(const Started&) { result_.begun_at = at_; }
  void put(const Recalled&) {}
  void put(const Routed&) {}

  void put(const Planned& p) {
    for (const Message& message : p.messages) {
      result_.happenings.push_back(Prompt{seq_, at_, "planner", message});
    }
  }

  void put(const CallBegun& p) {
    for (const Message& message : p.appended) {
      result_.happenings.push_back(Prompt{seq_, at_, "planner", message});
    }
    const auto history = result_.run->history.messages();
    ModelTurn turn{.seq = seq_,
                   .begun_at = at_,
                   .ended_at = at_,
                   .request = p,
                   .history = {history.begin(), history.end()},
                   .compacted = compacted_};
    turn.request.appended.clear();
    result_.happenings.emplace_back(std::move(turn));
  }

  void put(const CallEnded& p) {
    auto* turn = last<ModelTurn>();
    turn->reply = p;
    turn->ended_at = at_;
    from_planner_ = false;
    if (!p.message) return;
    for (const ToolCall& call : p.message->tool_calls) {
      turn->tools.push_back({.seq = seq_, .call = call, .begun_at = at_, .ended_at = at_});
    }
  }

  void put(const StepBegun& p) {
    from_planner_ = p.from_planner;
    if (p.from_planner) {
      PlannerStep step{.seq = seq_, .at = at_};
      for (const ToolCall& call : p.calls) step.tools.push_back({.seq = seq_, .call = call});
      result_.happenings.emplace_back(std::move(step));
    }
    for (ToolUse& use : *open_tools()) {
      if (use.result) continue;
      use.begun = true;
      use.begun_at = at_;
    }
  }

  void put(const StepEnded& p) {
    auto* tools = open_tools();
    const auto use = std::ranges::find_if(*tools, [&p](const ToolUse& each) {
      return !each.result && each.call.id == p.result.call_id;
    });
    if (use == tools->end()) return;
    use->seq = seq_;
    // Calls of a step may run one after the other: it is the time it took that counts.
    use->begun_at = std::max(use->begun_at, at_ - p.took);
    use->ended_at = at_;
    use->result = p.result;
  }

  void put(const LimitReached& p) {
    remark(fmt::format("Limit reached: {} ({})", to_string(p.reason), p.detail), p);
  }
  void put(const Nudged& p) {
    result_.happenings.push_back(
        Prompt{seq_, at_, p.concern, {.role = Role::user, .text = p.text}});
  }
  void put(const Compacted& p) {
    compacted_ = true;
    result_.happenings.push_back(Compaction{seq_, at_, p});
  }
  void put(const ApprovalAsked& p) { remark(p.question, p); }
  void put(const ApprovalGiven& p) {
    remark(fmt::format("{} by {}", p.approved ? "Approved" : "Refused", p.by), p);
  }
  void put(const VerifyBegun&) {
    result_.happenings.push_back(CheckRun{.seq = seq_, .begun_at = at_, .ended_at = at_});
  }
  void put(const Verified& p) {
    auto* check = last<CheckRun>();
    if (check == nullptr || check->verdict) {
      result_.happenings.push_back(CheckRun{.seq = seq_, .begun_at = at_ - p.verdict.took});
      check = last<CheckRun>();
    }
    check->verdict = p.verdict;
    check->ended_at = at_;
  }
  void put(const Resumed& p) { remark("Taken over by " + p.owner, p); }
  void put(const CancelRequested& p) { remark("Asked to stop by " + p.by, p); }
  void put(const Finished&) {}

  RunTurns& result_;
  std::int64_t seq_ = 0;
  Instant at_;
  bool from_planner_ = false;  // of the last step
  bool compacted_ = false;
};

}  // namespace

Receipt RunTurns::receipt() const { return run->outcome ? run->outcome->receipt : run.receipt(); }

Result<RunTurns> turns_of(std::span<const Event> events) {
  if (events.empty()) return fail(ErrorCode::invalid, "a run without events can't be exported");
  RunTurns result;
  Gatherer gatherer(result);
  for (const Event& event : events) {
    if (auto applied = result.run.apply(event); !applied) {
      return std::unexpected(applied.error());
    }
    gatherer.take(event);
  }
  gatherer.finish();
  return result;
}

std::optional<Json> arguments_of(const ToolCall& call) {
  if (call.arguments.empty()) return Json::object();
  auto arguments = parse_json(call.arguments);
  if (!arguments || !arguments->is_object()) return std::nullopt;
  return std::move(*arguments);
}

std::string foreign_agent(const Started& started) {
  constexpr std::string_view kMark = "agent:";
  return started.asked_mode.starts_with(kMark) ? started.asked_mode.substr(kMark.size()) : "";
}

std::string iso_time(Instant at) {
  const std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(at));
  const auto rest = at - std::chrono::floor<std::chrono::seconds>(at);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03d}Z", fmt::gmtime(seconds), rest.count());
}

}  // namespace pareto::exporting
