#include "apps/bench/foreign_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/json_text.h"
#include "tools/builtin/sandbox_call.h"
#include "tools/workspace/folder.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t kPort = 18'766;
constexpr const char* kInnerFolder = "/mnt/pareto";
// The kernel takes no longer word, name and all (MAX_ARG_STRLEN).
constexpr std::size_t kMostVariable = 120 * 1024;
constexpr std::size_t kMostAnswer = std::size_t{1} << 20;
constexpr std::size_t kMostStdout = std::size_t{8} << 20;
constexpr Milliseconds kLongest = std::chrono::hours(24);
// What an agent may still do whose calls are refused, before it is stopped.
constexpr Milliseconds kGrace = std::chrono::seconds(30);
constexpr Milliseconds kCallMargin = std::chrono::minutes(1);

SandboxLimits limits_for(Milliseconds wall) {
  SandboxLimits limits;
  limits.wall = std::max(wall, Milliseconds(1));
  limits.memory_bytes = std::int64_t{4} << 30;
  limits.address_space_bytes = std::int64_t{256} << 30;  // engines of scripts reserve freely
  limits.processes = 512;
  limits.tmp_bytes = std::int64_t{1} << 30;
  limits.printed_bytes = std::int64_t{256} << 20;
  limits.cpu_seconds = static_cast<int>(std::chrono::hours(24) / std::chrono::seconds(1));
  limits.open_files = 4096;
  limits.output_head = 16'000;
  limits.output_tail = 64'000;
  return limits;
}

Result<void> write_shown(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  std::error_code error;
  // The sandbox's user is another than ours.
  fs::permissions(path, fs::perms(0644), error);
  if (error || fs::file_size(path, error) != text.size()) {
    return fail(ErrorCode::internal, fmt::format("{} could not be written", path));
  }
  return {};
}

std::string environment_path(const ForeignAgentPlan& plan) {
  std::string path;
  for (const std::string& folder : plan.paths) {
    std::error_code ignored;
    if (fs::is_directory(folder + "/bin", ignored)) path += folder + "/bin:";
  }
  return path + SandboxOptions().path;
}

}  // namespace

Json task_for_agent(const Task& task, const Limits& limits) {
  Json json = {{"id", task.id}, {"prompt", task.prompt}};
  if (!task.tools.empty()) json["tools"] = task.tools;
  if (task.verify) {
    json["verify"] = {{"command", task.verify->command},
                      {"seconds", static_cast<double>(task.verify->timeout.count()) / 1000}};
  }
  if (!task.corpus.empty()) json["corpus"] = std::string(kInnerFolder) + "/corpus.jsonl";
  json["limits"] = to_json(limits);
  return json;
}

ForeignRun::ForeignRun(Ports ports, Started started, ForeignAgents::Done done)
    : ports_(ports), done_(std::move(done)) {
  (void)record(std::move(started));
  folder_ = ports_.system.workbench().run_folder(run_.id());
}

template <class... Args>
auto ForeignRun::guarded(void (ForeignRun::*method)(Args...)) {
  return [weak = weak_from_this(), method](Args... args) {
    if (auto self = weak.lock(); self && self->done_) {
      // Kept until the handler, which it may own, has returned.
      const auto ended = std::exchange(self->operation_, nullptr);
      ((*self).*method)(std::forward<Args>(args)...);
    }
  };
}

bool ForeignRun::record(Payload payload) {
  Event event{run_->seq + 1, ports_.system.clock().now(), std::move(payload)};
  if (auto applied = run_.apply(event); !applied) {
    give_up(applied.error());
    return false;
  }
  pending_.push_back(std::move(event));
  return true;
}

void ForeignRun::commit(std::function<void()> then) {
  ports_.system.journal().append(
      run_.id(), std::exchange(pending_, {}),
      [weak = weak_from_this(), then = std::move(then)](Result<void> stored) {
        const auto self = weak.lock();
        if (!self || !self->done_) return;
        if (!stored) return self->give_up(stored.error());
        then();
      });
}

void ForeignRun::give_up(Error error) {
  if (auto done = std::exchange(done_, nullptr)) {
    operation_.reset();
    done(run_, std::unexpected(std::move(error)));
  }
}

void ForeignRun::abandon() {
  done_ = nullptr;
  operation_.reset();
  server_.reset();
  proxy_.reset();
}

void ForeignRun::begin() {
  commit([this] {
    operation_ =
        ports_.system.workbench().open(run_.id(), run_.task(), guarded(&ForeignRun::on_place));
  });
}

void ForeignRun::on_place(Result<Workbench::Place> place) {
  if (!place) return give_up(place.error());
  place_ = std::move(*place);
  if (run_.task().sensitive && !ports_.on_this_machine) {
    outcome_ = {.status = Status::error,
                .reason = Reason::model,
                .error = fmt::format("the task is sensitive and {} does not run on this machine",
                                     ports_.endpoint.info.name)};
    return take_diff();
  }
  launch();
}

Result<void> ForeignRun::make_proxy() {
  std::error_code error;
  fs::create_directories(folder_ + "/agent", error);
  if (error) return fail(ErrorCode::internal, fmt::format("{}: {}", folder_, error.message()));
  auto log = CallLog::open(folder_ + "/" + kAgentCalls);
  if (!log) return std::unexpected(log.error());
  System& system = ports_.system;
  MeteringProxy::Options options{.endpoint = ports_.endpoint, .limits = run_->limits};
  // The sandbox ends the agent at its limit, and that ends its calls. One that ended itself before
  // would look like a model that can't be reached.
  if (run_->limits.seconds) {
    options.deadline = Deadline::in(*run_->limits.seconds + kCallMargin, system.clock().now());
  }
  options.on_call = [this](const std::optional<Refusal>& refusal) { on_call(refusal); };
  proxy_ = std::make_unique<MeteringProxy>(
      MeteringProxy::Ports{system.loop(), system.http(), system.clock(), system.random()},
      std::move(options), std::move(*log));
  return {};
}

Result<std::string> ForeignRun::shown_file(const std::string& name, const std::string& text) const {
  std::string path = folder_ + "/agent/" + name;
  if (auto written = write_shown(path, text); !written) return std::unexpected(written.error());
  return path;
}

Result<SandboxCommand> ForeignRun::command() {
  const Task& task = run_.task();
  auto prompt = shown_file("prompt.txt", task.prompt);
  if (!prompt) return std::unexpected(prompt.error());
  auto about = shown_file("task.json", dump_json(task_for_agent(task, run_->limits)));
  if (!about) return std::unexpected(about.error());
  const std::string inner = kInnerFolder;
  SandboxCommand command;
  command.argv = shell_argv(ports_.plan.command);
  command.workspace = place_.workspace;
  command.read_only = {{*prompt, inner + "/prompt.txt"}, {*about, inner + "/task.json"}};
  if (!place_.corpus.empty()) command.read_only.push_back({place_.corpus, inner + "/corpus.jsonl"});
  for (const std::string& path : ports_.plan.paths) command.read_only.push_back({path, path});
  command.protected_paths = guarded_paths(place_.workspace);
  const std::string root = fmt::format("http://127.0.0.1:{}", kPort);
  command.environment = {
      {"PATH", environment_path(ports_.plan)},
      {"PARETO_PROMPT_FILE", inner + "/prompt.txt"},
      {"PARETO_TASK", inner + "/task.json"},
      {"PARETO_ANSWER", fmt::format("{}/{}", kSandboxWorkspace, kAnswerFile)},
      {"PARETO_MODEL", ports_.endpoint.info.name},
      {"OPENAI_BASE_URL", root + "/v1"},
      {"OPENAI_API_BASE", root + "/v1"},
      {"OPENAI_API_KEY", "pareto"},
      {"ANTHROPIC_BASE_URL", root},
      {"ANTHROPIC_API_KEY", "pareto"},
  };
  const bool fits = task.prompt.size() <= kMostVariable && !task.prompt.contains('\0');
  if (fits) command.environment.emplace_back("PARETO_PROMPT", task.prompt);
  command.stdin_text = task.prompt;
  command.stdout_bytes = kMostStdout;
  command.limits = limits_for(run_->limits.seconds.value_or(kLongest));
  command.port = SandboxPort{
      kPort, [&loop = ports_.system.loop(), weak = weak_from_this()](Descriptor listener) {
        loop.post([weak, listener = std::move(listener)]() mutable {
          if (const auto self = weak.lock(); self && self->done_) self->serve(std::move(listener));
        });
      }};
  return command;
}

void ForeignRun::launch() {
  if (auto made = make_proxy(); !made) return give_up(made.error());
  auto command = this->command();
  if (!command) return give_up(command.error());
  operation_ = ports_.workers.submit(
      [&sandbox = ports_.system.sandbox(), command = std::move(*command),
       stop = stop_](const std::stop_token& given_up) mutable {
        const std::stop_callback forward(given_up, [&stop] { stop.request_stop(); });
        return sandbox.run(command, stop.get_token());
      },
      guarded(&ForeignRun::on_exit));
}

void ForeignRun::serve(Descriptor listener) {
  auto server =
      HttpServer::serve(ports_.system.loop(), std::move(listener), MeteringProxy::server_options(),
                        [this](HttpExchange exchange) { proxy_->handle(std::move(exchange)); });
  if (server) {
    server_ = std::move(*server);
  } else {
    broken_ = server.error();
    stop_.request_stop();
  }
}

void ForeignRun::on_call(const std::optional<Refusal>& refusal) {
  if (!refusal) {
    grace_.reset();
  } else if (!grace_) {
    start_grace();
  }
}

void ForeignRun::start_grace() {
  grace_ = ports_.system.loop().after(kGrace, [this] {
    // It waits for a reply to an earlier call, which is paid.
    if (proxy_->busy()) return start_grace();
    stop_.request_stop();
  });
}

void ForeignRun::on_exit(Result<SandboxExit> exit) {
  grace_.reset();
  server_.reset();
  proxy_->finish();
  if (broken_) return give_up(*broken_);
  take_answer(exit);
  const std::string answer = std::move(outcome_.answer);
  outcome_ = judge({.exit = std::move(exit),
                    .refusal = proxy_->refusal(),
                    .trouble = proxy_->trouble(),
                    .model_calls = proxy_->receipt().model_calls});
  outcome_.answer = answer;
  if (!run_.task().verify || outcome_.status == Status::error) return take_diff();
  if (!record(VerifyBegun{})) return;
  commit([this] {
    const CheckCommand& check = *run_.task().verify;
    operation_ = ports_.system.workbench().verify(
        place_, check, Deadline::in(check.timeout, ports_.system.clock().now()),
        guarded(&ForeignRun::on_verdict));
  });
}

// The file goes before the work is looked at: it is no part of it.
void ForeignRun::take_answer(const Result<SandboxExit>& exit) {
  if (exit) std::ofstream(folder_ + "/" + kAgentOutput, std::ios::binary) << exit->output;
  if (const auto folder = Folder::open(place_.workspace)) {
    const auto written = folder->head(kAnswerFile, kMostAnswer);
    if (written) {
      (void)folder->remove(kAnswerFile);
      outcome_.answer = *written;
      return;
    }
  }
  if (exit) outcome_.answer = last_lines(exit->stdout_cut ? exit->output : exit->stdout_text);
}

void ForeignRun::on_verdict(Result<Verdict> verdict) {
  if (!verdict) verdict = Verdict{.error = verdict.error().message};
  outcome_ = judge(std::move(outcome_), *verdict);
  if (record(Verified{std::move(*verdict)})) take_diff();
}

void ForeignRun::take_diff() {
  operation_ = ports_.system.workbench().diff(run_.id(), place_, guarded(&ForeignRun::on_diff));
}

void ForeignRun::on_diff(Result<std::string> diff) {
  if (diff) outcome_.diff = std::move(*diff);
  if (!diff && outcome_.error.empty()) outcome_.error = diff.error().message;
  outcome_.verdict = run_->verdict;
  if (proxy_) outcome_.receipt = proxy_->receipt();
  outcome_.receipt.seconds = run_.worked(ports_.system.clock().now());
  if (!record(Finished{outcome_})) return;
  commit([this] {
    const auto self = shared_from_this();
    if (auto done = std::exchange(done_, nullptr)) done(run_, *run_->outcome);
  });
}

}  // namespace pareto
