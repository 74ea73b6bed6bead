#include "agent/runner/run_driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/core/budget_guard.h"
#include "agent/core/json_text.h"
#include "agent/core/next.h"
#include "agent/runner/changed_outside.h"
#include "agent/runner/question.h"
#include "agent/runner/reply.h"

namespace pareto {
namespace {

// More decisions than this without an action in between are a bug of a concern.
constexpr int kMostDecisions = 64;

}  // namespace

RunDriver::RunDriver(const RunnerPorts& ports, Run run, StartOptions options,
                     std::function<void()> ended)
    : ports_(ports), run_(std::move(run)), options_(std::move(options)), ended_(std::move(ended)) {}

template <class Function>
auto RunDriver::while_alive(Function function) {
  return [weak = weak_from_this(), function = std::move(function)](auto&&... values) mutable {
    if (const auto self = weak.lock(); self && !self->finished_) {
      function(std::forward<decltype(values)>(values)...);
    }
  };
}

template <class Function>
auto RunDriver::when_done(Function function) {
  return while_alive([this, function = std::move(function)](auto&&... values) mutable {
    // Kept until the handler, which it may own, has returned.
    const auto ended = std::exchange(operation_, nullptr);
    ++operations_;
    function(std::forward<decltype(values)>(values)...);
  });
}

template <class Begin>
void RunDriver::track(Begin begin) {
  const std::uint64_t number = ++operations_;
  auto operation = begin();
  if (operations_ == number && !finished_) operation_ = std::move(operation);
}

void RunDriver::begin(std::vector<Payload> first) {
  for (Payload& payload : first) {
    if (!record(std::move(payload))) return;
  }
  commit([this] { open_workspace(); });
}

void RunDriver::resume(std::vector<Payload> first) {
  // What a step or a check did before it was cut off is in no event.
  const bool checked =
      options_.outside_changes == OutsideChanges::refused && leaves_workspace_alone(run_);
  track([&] {
    return ports_.workbench.changed_since(
        run_.id(), run_->last_at,
        when_done([this, checked,
                   first = std::move(first)](Result<std::vector<std::string>> changed) mutable {
          if (!changed) return give_up(changed.error());
          if (checked && !changed->empty()) return give_up(changed_outside(run_, *changed));
          begin(std::move(first));
        }));
  });
}

void RunDriver::open_workspace() {
  auto specs = ports_.toolbox.specs(run_.task());
  if (!specs) return give_up(specs.error());
  specs_ = std::move(*specs);
  choose_planner();
  track([this] {
    return ports_.workbench.open(run_.id(), run_.task(),
                                 when_done([this](Result<Workbench::Place> place) {
                                   if (!place) return give_up(place.error());
                                   place_ = std::move(*place);
                                   // A step that an earlier owner left and that may run again.
                                   if (run_->step_begun) return invoke_next();
                                   advance();
                                 }));
  });
}

// After the route is known, here or in an earlier life of the run.
void RunDriver::choose_planner() {
  if (!run_->route) return;
  for (const Planner* planner : ports_.planners) {
    if (planner->mode() == run_->route->mode) planner_ = planner;
  }
  for (Model* model : ports_.models) {
    if (model->info().name == run_->model.name) model_ = model;
  }
  offered_.clear();
  for (const ToolSpec& spec : specs_) {
    if (std::ranges::find(run_->tools, spec.name) != run_->tools.end()) offered_.push_back(spec);
  }
}

void RunDriver::advance() {
  for (int decisions = 0; decisions < kMostDecisions; ++decisions) {
    if (finished_) return;
    Action action = next(run_, planner_, ports_.concerns, ports_.clock.now(), &concern_clock_);
    if (auto* decide = std::get_if<Decide>(&action)) {
      perform(std::move(*decide));
      continue;
    }
    return std::visit([this](auto&& wanted) { perform(std::move(wanted)); }, std::move(action));
  }
  give_up({ErrorCode::internal, "the run takes decisions without end"});
}

bool RunDriver::record(Payload payload) {
  Event event{run_->seq + 1, ports_.clock.now(), std::move(payload)};
  if (auto applied = run_.apply(event); !applied) {
    give_up(applied.error());
    return false;
  }
  pending_.push_back(std::move(event));
  return true;
}

void RunDriver::commit(std::function<void()> then) {
  std::vector<Event> events = std::exchange(pending_, {});
  auto shown = options_.listener.on_event ? events : std::vector<Event>();
  ports_.journal.append(
      run_.id(), std::move(events),
      while_alive([this, shown = std::move(shown), then = std::move(then)](Result<void> stored) {
        if (!stored) return give_up(stored.error());
        for (const Event& event : shown) options_.listener.on_event(run_, event);
        then();
      }));
}

void RunDriver::give_up(Error error) {
  if (std::exchange(finished_, true)) return;
  const auto keep = shared_from_this();
  operation_.reset();
  if (options_.listener.on_done) options_.listener.on_done(run_, std::unexpected(std::move(error)));
  ended_();
}

void RunDriver::perform(RecallAction) {
  Recall recall = recall_of_tools(specs_);
  if (ports_.memory == nullptr || options_.recalling == Recalling::off) {
    return recall_briefing(std::move(recall));
  }
  track([&] {
    return ports_.memory->recall(
        run_.task(), when_done([this, recall](Result<std::vector<Neighbour>> neighbours) mutable {
          // Work goes on without memory; the note says so.
          if (neighbours) {
            recall.neighbours = std::move(*neighbours);
          } else {
            recall.note = neighbours.error().message;
          }
          recall_briefing(std::move(recall));
        }));
  });
}

void RunDriver::recall_briefing(Recall recall) {
  track([&] {
    return ports_.workbench.brief(place_, run_.task(),
                                  when_done([this, recall](Result<Briefing> briefing) mutable {
                                    if (!briefing) return give_up(briefing.error());
                                    recall.briefing = std::move(*briefing);
                                    if (record(Recalled{std::move(recall)})) advance();
                                  }));
  });
}

void RunDriver::perform(RouteAction) {
  std::vector<ModelInfo> models;
  for (const Model* model : ports_.models) models.push_back(model->info());
  auto route =
      ports_.router.route(question_of(run_->started, *run_->recall, models), run_->started.seed);
  if (!route) {
    const bool refused = route.error().code == ErrorCode::limit;
    return perform(Finish{refused ? Status::limit : Status::error,
                          refused ? Reason::refused_budget : Reason::context, "",
                          route.error().message});
  }
  const auto chosen = std::ranges::find(models, route->model, &ModelInfo::name);
  if (chosen == models.end()) {
    return give_up({ErrorCode::internal, "the router chose an unknown model: " + route->model});
  }
  const auto tool_bytes =
      ports_.models[static_cast<std::size_t>(chosen - models.begin())]->prompt_bytes_of(specs_);
  if (!record(Routed{std::move(*route), *chosen, tool_bytes})) return;
  choose_planner();
  advance();
}

void RunDriver::perform(Decide decide) {
  const bool planned = std::holds_alternative<Planned>(decide.payload);
  const bool compacted = std::holds_alternative<Compacted>(decide.payload);
  if (!record(std::move(decide.payload))) return;
  if (planned) choose_planner();
  if (compacted) conversation_.reset();
}

void RunDriver::perform(CallModel call) {
  if (model_ == nullptr) {
    return perform(Finish{
        Status::error, Reason::model, planner_->answer(run_),
        fmt::format("the model \"{}\" of this run is not configured here", run_->model.name)});
  }
  CallId id = CallId::make(ports_.clock.now(), ports_.random);
  if (!record(begun(run_, call, std::move(id)))) return;
  commit([this, call = std::move(call)] { start_call(call); });
}

void RunDriver::start_call(const CallModel& call) {
  if (run_->cancel_requested && !call.wrap_up) {
    Reply unsent;
    unsent.error = Error{ErrorCode::cancelled, "stopped on request"};
    unsent.sent = false;
    return end_call(std::move(unsent));
  }
  if (!conversation_) conversation_ = model_->open_conversation();
  tail_.clear();
  if (!call.tail.empty()) tail_.push_back({.role = Role::user, .text = call.tail});
  const Request request{.run = run_.id().value,
                        .messages = run_->history.messages(),
                        .tail = tail_,
                        .tools = offered_,
                        .only_tool = call.only_tool,
                        .answer_only = !call.with_tools,
                        .max_output_tokens = call.max_output_tokens,
                        .effort = run_->route->effort,
                        .seed = run_->started.seed,
                        .deadline = call_deadline(run_.state(), call.wrap_up, ports_.clock.now())};
  track([&] {
    return model_->start(*conversation_, request, options_.listener.on_delta,
                         when_done([this](Reply reply) { end_call(std::move(reply)); }));
  });
}

void RunDriver::end_call(Reply reply) {
  if (record(settle(*run_->call, run_->model, std::move(reply)))) advance();
}

void RunDriver::perform(CallTools tools) {
  if (record(StepBegun{std::move(tools.calls), tools.from_planner})) {
    commit([this] { invoke_next(); });
  }
}

// One call after the other, each result durable before the next call has effects.
void RunDriver::invoke_next() {
  // The request came while the step was made durable; the step of a wrap-up is let through.
  if (run_->cancel_requested && !run_->limit) return stop_step();
  const ToolCall& call = run_->asked.front();
  const auto spec = std::ranges::find(specs_, call.name, &ToolSpec::name);
  const Instant now = ports_.clock.now();
  Deadline deadline = call_deadline(run_.state(), run_->limit.has_value(), now);
  if (spec != specs_.end()) deadline = deadline.sooner(Deadline::in(spec->timeout, now));
  // A task's own list of tools binds the model, as does a mode without tools; a planner writes the
  // files of a reply all the same.
  const bool bound = !run_.task().tools.empty() || run_->tools.empty();
  using Others = Toolbox::Call::Others;
  const Others others = bound && !run_->step_from_planner ? Others::none : Others::workspace;
  const std::size_t room = planner_ == nullptr ? SIZE_MAX : result_room(run_, *planner_);
  track([&] {
    return ports_.toolbox.invoke({.run = run_.id(),
                                  .workspace = place_.workspace,
                                  .corpus = place_.corpus,
                                  .check = run_.task().verify.value_or(CheckCommand{}),
                                  .call = call,
                                  .deadline = deadline,
                                  .offered = run_->tools,
                                  .others = others,
                                  .max_text = room},
                                 when_done([this, id = call.id, begun = now](ToolResult result) {
                                   result.call_id = id;
                                   const auto took = ports_.clock.now() - begun;
                                   if (!record(StepEnded{std::move(result), took})) return;
                                   if (!run_->step_begun) return advance();
                                   commit([this] { invoke_next(); });
                                 }));
  });
}

void RunDriver::stop_step() {
  const std::vector<ToolCall> asked = run_->asked;
  for (const ToolCall& call : asked) {
    const bool recorded = record(StepEnded{{.call_id = call.id,
                                            .status = ResultStatus::cancelled,
                                            .text = "Stopped on request.",
                                            .changed_workspace = true}});
    if (!recorded) return;
  }
  advance();
}

void RunDriver::perform(AskPerson ask) {
  if (!record(ApprovalAsked{ask.call_ids, ask.question})) return;
  commit([this, ask] {
    if (options_.listener.on_question) return options_.listener.on_question(run_.id(), ask);
    approve(false, "nobody to ask");
  });
}

void RunDriver::approve(bool approved, const std::string& by) {
  const std::vector<std::string> ids = run_->awaiting_approval;
  if (ids.empty() || !record(ApprovalGiven{ids, approved, by})) return;
  for (const std::string& id : ids) {
    if (approved) break;
    const bool recorded = record(
        StepEnded{{.call_id = id,
                   .status = ResultStatus::denied,
                   .text = "A person refused this call. Go on without it, or say why you can't."}});
    if (!recorded) return;
  }
  advance();
}

void RunDriver::perform(Verify) {
  if (!record(VerifyBegun{})) return;
  commit([this] {
    const CheckCommand& check = *run_.task().verify;
    const Deadline deadline = Deadline::in(check.timeout, ports_.clock.now());
    track([&] {
      return ports_.workbench.verify(place_, check, deadline,
                                     when_done([this](Result<Verdict> verdict) {
                                       if (!verdict)
                                         verdict = Verdict{.error = verdict.error().message};
                                       if (record(Verified{std::move(*verdict)})) advance();
                                     }));
    });
  });
}

void RunDriver::perform(Wait) {
  if (!pending_.empty()) commit([] {});
}

void RunDriver::perform(Finish finish) {
  track([&] {
    return ports_.workbench.diff(run_.id(), place_,
                                 when_done([this, finish](Result<std::string> diff) {
                                   Outcome outcome{.status = finish.status,
                                                   .reason = finish.reason,
                                                   .answer = finish.answer,
                                                   .verdict = run_->verdict,
                                                   .diff = diff ? *diff : std::string(),
                                                   .error = finish.error};
                                   if (!diff && outcome.error.empty())
                                     outcome.error = diff.error().message;
                                   end(std::move(outcome));
                                 }));
  });
}

void RunDriver::end(Outcome outcome) {
  outcome.receipt = run_.receipt();
  outcome.receipt.seconds = run_.worked(ports_.clock.now());
  if (!record(Finished{std::move(outcome), concern_clock_.times(ports_.concerns)})) return;
  commit([this] {
    finished_ = true;
    const auto keep = shared_from_this();
    operation_.reset();
    if (options_.listener.on_done) options_.listener.on_done(run_, *run_->outcome);
    ended_();
  });
}

void RunDriver::cancel(const std::string& by) {
  // A run whose end is being stored has nothing left to stop.
  if (finished_ || run_->outcome || run_->cancel_requested) return;
  if (!record(CancelRequested{by})) return;
  if (run_->call && operation_) {
    operation_.reset();
    ++operations_;
    Reply stopped;
    stopped.error = Error{ErrorCode::cancelled, "stopped on request"};
    return end_call(std::move(stopped));
  }
  if (run_->step_begun && operation_) {
    operation_.reset();
    ++operations_;
    return stop_step();
  }
  if (!run_->awaiting_approval.empty()) approve(false, by);
}

}  // namespace pareto
