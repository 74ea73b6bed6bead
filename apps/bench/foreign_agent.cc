#include "apps/bench/foreign_agent.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "apps/bench/foreign_run.h"
#include "apps/proxy/call_log.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModePrefix = "agent:";

std::string first_word_of(const std::string& command) {
  const std::size_t begin = command.find_first_not_of(" \t\n");
  if (begin == std::string::npos) return "";
  const std::size_t end = command.find_first_of(" \t\n;|&", begin);
  return fs::path(command.substr(begin, end - begin)).filename().string();
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
}

Result<std::string> checked_path(const std::string& path) {
  std::error_code error;
  fs::path absolute = fs::absolute(path, error).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();
  struct stat info{};
  if (::stat(absolute.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return fail(ErrorCode::invalid, fmt::format("--agent-path: expected a folder; found {}", path));
  }
  // The sandbox has a user of its own when ours is root.
  if (geteuid() == 0 && (info.st_mode & S_IXOTH) == 0) {
    return fail(ErrorCode::invalid,
                fmt::format("--agent-path: other users can't read {0}, and the sandbox is one; "
                            "`chmod -R o+rX {0}`",
                            absolute.string()));
  }
  return absolute.string();
}

}  // namespace

Result<ForeignAgentPlan> make_agent_plan(const std::string& command, const std::string& name,
                                         const std::vector<std::string>& paths) {
  ForeignAgentPlan plan{.name = name.empty() ? first_word_of(command) : name, .command = command};
  if (first_word_of(command).empty()) {
    return fail(ErrorCode::invalid, "--agent: expected a command; found nothing");
  }
  if (!is_name(plan.name)) {
    return fail(ErrorCode::invalid,
                fmt::format("--agent: \"{}\" can't be the name of an agent; name it by "
                            "--agent-name with letters, digits, \".\", \"_\" and \"-\"",
                            plan.name));
  }
  for (const std::string& path : paths) {
    auto checked = checked_path(path);
    if (!checked) return std::unexpected(checked.error());
    plan.paths.push_back(std::move(*checked));
  }
  return plan;
}

std::string agent_mode(const ForeignAgentPlan& plan) {
  return std::string(kModePrefix) + plan.name;
}

bool is_agent_mode(std::string_view mode) { return mode.starts_with(kModePrefix); }

ForeignAgents::ForeignAgents(System& system, ForeignAgentPlan plan, int jobs)
    : system_(system),
      plan_(std::move(plan)),
      workers_(system.loop(), static_cast<std::size_t>(std::max(jobs, 1))) {}

ForeignAgents::~ForeignAgents() {
  for (const auto& [id, run] : std::exchange(runs_, {})) run->abandon();
}

Result<std::unique_ptr<ForeignAgents>> ForeignAgents::make(System& system, ForeignAgentPlan plan,
                                                           const std::vector<std::string>& models,
                                                           int jobs) {
  std::unique_ptr<ForeignAgents> agents(new ForeignAgents(system, std::move(plan), jobs));
  for (const std::string& name : models) {
    auto model = find_model(system.config(), name);
    if (!model) return std::unexpected(model.error());
    auto endpoint = model_endpoint(*model, system.config(), system.model_ports());
    if (!endpoint) return std::unexpected(endpoint.error());
    agents->endpoints_[name] = {std::move(*endpoint), model->engine != "openai"};
  }
  return agents;
}

void ForeignAgents::start(Started started, Done done) {
  const RunId id = started.run;
  const Endpoint& model = endpoints_.at(started.asked_model);
  auto run = std::make_shared<ForeignRun>(
      ForeignRun::Ports{system_, workers_, plan_, model.endpoint, model.on_this_machine},
      std::move(started),
      [this, id, done = std::move(done)](const Run& state, Result<Outcome> outcome) mutable {
        // Kept until its handler has returned.
        const auto run_node = runs_.extract(id);
        done(state, std::move(outcome));
      });
  runs_.emplace(id, run);
  run->begin();
}

void ForeignAgents::abandon(const RunId& run) {
  if (auto node = runs_.extract(run); !node.empty()) node.mapped()->abandon();
}

Money spent_by_agent(const std::string& run_folder) {
  return cost_of_log(run_folder + "/" + kAgentCalls);
}

}  // namespace pareto
