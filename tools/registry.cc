#include "tools/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "agent/io/loop.h"
#include "agent/io/worker_pool.h"
#include "agent/text/nearest_name.h"
#include "tools/arguments.h"
#include "tools/output.h"

namespace pareto {
namespace {

constexpr std::size_t kMaxName = 64;
constexpr std::size_t kNameShown = 60;

bool usable_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::string unknown_name(std::string_view name, const std::vector<std::string>& known) {
  std::string text = fmt::format("There is no tool \"{}\".",
                                 one_line(to_valid_utf8(name.substr(0, kNameShown)), kNameShown));
  if (const auto near = nearest_name(name, known)) text += fmt::format(" Did you mean {}?", *near);
  if (known.empty()) return text + " This task has none.";
  return text + fmt::format(" Tools: {}.", fmt::join(known, ", "));
}

ToolResult answer(const Toolbox::Call& call, ToolResult result, std::size_t max_text) {
  result.call_id = call.call.id;
  if (!is_valid_utf8(result.text)) result.text = to_valid_utf8(result.text);
  max_text = std::min(max_text, call.max_text);
  if (result.text.size() > max_text) {
    const std::size_t head = max_text * 4 / 10;
    result.text = clip_output(result.text, head, max_text - head);
  }
  return result;
}

Result<Schema> schema_of(const ToolSpec& spec) {
  if (!usable_name(spec.name)) {
    return fail(
        ErrorCode::invalid,
        fmt::format("expected a tool name of up to {} letters, digits, _ and -; found \"{}\"",
                    kMaxName, spec.name));
  }
  const Json* parameters = spec.parameters.get();
  const bool is_object = parameters != nullptr && parameters->is_object() &&
                         parameters->value("type", Json()) == "object";
  if (!is_object) {
    return fail(
        ErrorCode::invalid,
        fmt::format("the parameters of tool {} are no JSON Schema of type object", spec.name));
  }
  auto schema = Schema::compile(*parameters);
  if (!schema) {
    return fail(ErrorCode::invalid, fmt::format("tool {}: {}", spec.name, schema.error().message));
  }
  return schema;
}

// A model may mean a tool that it was not shown; one that reaches outside it was shown or not at
// all.
bool may_call(const Toolbox::Call& call, const ToolSpec& spec) {
  if (std::ranges::find(call.offered, spec.name) != call.offered.end()) return true;
  return call.others == Toolbox::Call::Others::workspace && spec.reach == Reach::workspace;
}

// A call that is done already and whose handler waits for its turn on the loop.
class QuickCall : public Operation {
 public:
  using Done = std::move_only_function<void(ToolResult)>;
  explicit QuickCall(Done done) : done_(std::make_shared<Done>(std::move(done))) {}
  std::weak_ptr<Done> handler() const { return done_; }

 private:
  std::shared_ptr<Done> done_;
};

}  // namespace

Result<std::unique_ptr<ToolRegistry>> ToolRegistry::make(std::vector<std::shared_ptr<Tool>> tools,
                                                         Loop& loop, WorkerPool& workers,
                                                         const Clock& clock) {
  Entries entries;
  for (auto& tool : tools) {
    const std::string name = tool->spec().name;
    auto schema = schema_of(tool->spec());
    if (!schema) return std::unexpected(schema.error());
    if (!entries.try_emplace(name, Entry{std::move(tool), std::move(*schema)}).second) {
      return fail(ErrorCode::invalid,
                  fmt::format("there are two tools named {}; rename one", name));
    }
  }
  return std::unique_ptr<ToolRegistry>(new ToolRegistry(std::move(entries), loop, workers, clock));
}

ToolRegistry::ToolRegistry(Entries entries, Loop& loop, WorkerPool& workers, const Clock& clock)
    : entries_(std::make_shared<const Entries>(std::move(entries))),
      loop_(loop),
      workers_(workers),
      clock_(clock) {}

std::vector<std::string> ToolRegistry::names(const Entries& entries) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries) names.push_back(name);
  return names;
}

Result<std::vector<ToolSpec>> ToolRegistry::specs(const Task& task) const {
  std::set<std::string, std::less<>> wanted(task.tools.begin(), task.tools.end());
  for (const std::string& name : wanted) {
    if (entries_->contains(name)) continue;
    return fail(ErrorCode::invalid, unknown_name(name, names(*entries_)));
  }
  std::vector<ToolSpec> specs;
  for (const auto& [name, entry] : *entries_) {
    const bool chosen = task.tools.empty() ? entry.tool->offered(task) : wanted.contains(name);
    if (chosen || name == kFinishTool) specs.push_back(entry.tool->spec());
  }
  return specs;
}

ToolResult ToolRegistry::perform(const Entries& entries, const Call& call, std::stop_token stop,
                                 const Clock& clock) {
  const auto found = entries.find(call.call.name);
  if (found == entries.end() || !may_call(call, found->second.tool->spec())) {
    const bool only = call.others == Call::Others::none;
    const auto known = only ? call.offered : names(entries);
    return answer(call, tool_invalid(unknown_name(call.call.name, known)), kOutputMax);
  }
  Tool& tool = *found->second.tool;
  const ToolSpec& spec = tool.spec();
  auto arguments = read_arguments(call.call.arguments, spec, found->second.schema);
  if (!arguments) return answer(call, tool_invalid(arguments.error().message), kOutputMax);
  const Instant now = clock.now();
  const ToolContext context{.run = call.run,
                            .workspace = call.workspace,
                            .corpus = call.corpus,
                            .check = call.check,
                            .stop = std::move(stop),
                            .deadline = call.deadline.sooner(Deadline::in(spec.timeout, now)),
                            .clock = clock};
  if (call.deadline.passed(now)) {
    return answer(call, {.status = ResultStatus::timed_out, .text = "The time of the run is up."},
                  kOutputMax);
  }
  try {
    return answer(call, tool.call(*arguments, context), tool.max_text());
  } catch (const std::exception& error) {
    return answer(call,
                  tool_error(fmt::format("{} failed unexpectedly: {}. Try another way.", spec.name,
                                         error.what())),
                  kOutputMax);
  }
}

ToolResult ToolRegistry::call(const Call& call, std::stop_token stop) const {
  return perform(*entries_, call, std::move(stop), clock_);
}

std::unique_ptr<Operation> ToolRegistry::invoke(Call call,
                                                std::move_only_function<void(ToolResult)> done) {
  const auto found = entries_->find(call.call.name);
  const bool on_worker =
      found != entries_->end() && found->second.tool->spec().dispatch == Dispatch::worker;
  if (!on_worker) {
    auto quick = std::make_unique<QuickCall>(std::move(done));
    loop_.post(
        [handler = quick->handler(), result = perform(*entries_, call, {}, clock_)]() mutable {
          if (auto alive = handler.lock()) std::exchange(*alive, nullptr)(std::move(result));
        });
    return quick;
  }
  const std::string id = call.call.id;
  auto work = [entries = entries_, call = std::move(call),
               &clock = clock_](std::stop_token stop) -> Result<ToolResult> {
    return perform(*entries, call, std::move(stop), clock);
  };
  auto finish = [id, done = std::move(done)](Result<ToolResult> result) mutable {
    if (result) return done(std::move(*result));
    done({.call_id = id, .status = ResultStatus::error, .text = result.error().message});
  };
  return workers_.submit(std::move(work), std::move(finish));
}

std::vector<ToolSpec> ToolRegistry::all() const {
  std::vector<ToolSpec> specs;
  for (const auto& [name, entry] : *entries_) specs.push_back(entry.tool->spec());
  return specs;
}

const ToolSpec* ToolRegistry::find(std::string_view name) const {
  const auto found = entries_->find(name);
  return found == entries_->end() ? nullptr : &found->second.tool->spec();
}

}  // namespace pareto
