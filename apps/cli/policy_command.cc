#include "apps/cli/policy_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/core/run.h"
#include "apps/cli/store_access.h"
#include "policies/routing/explain.h"
#include "policies/routing/priors.h"

namespace pareto {
namespace {

Result<int> explain_run(const Globals& globals, const std::string& id) {
  auto store = open_store(globals);
  if (!store) return std::unexpected(store.error());
  auto run = store->journal->resolve(id);
  if (!run) return fail(ErrorCode::invalid, run.error().message);
  auto events = store->journal->load(*run);
  if (!events) return std::unexpected(events.error());
  for (const Event& event : *events) {
    const auto* routed = std::get_if<Routed>(&event.payload);
    if (routed == nullptr) continue;
    if (globals.json) {
      fmt::print("{}\n", dump_json(to_json(routed->route)));
    } else {
      fmt::print("{}", explain(routed->route));
      fmt::print("\nfeatures: {}\npolicy {}, prices {}, seed {}\n", routed->route.features,
                 routed->route.policy_version, routed->route.price_version, routed->route.seed);
    }
    return kExitSuccess;
  }
  return fail(ErrorCode::invalid, fmt::format("run {} was not routed", run->value));
}

// The beliefs that routing starts from; what was learned is in `pareto memory stats`.
Result<int> show(const Globals& globals) {
  for (const TaskKind kind : kAllTaskKinds) {
    for (const Mode mode : {Mode::instant, Mode::reasoning, Mode::agentic}) {
      const Prior small = prior_of(kind, mode, true, Passages::at_hand);
      const Prior large = prior_of(kind, mode, false, Passages::at_hand);
      if (globals.json) {
        fmt::print("{}\n", dump_json(Json{{"kind", to_string(kind)},
                                          {"mode", to_string(mode)},
                                          {"p_small", small.success},
                                          {"p_large", large.success},
                                          {"evidence", small.evidence}}));
      } else {
        fmt::print("{:<16} {:<10} small {:.2f}  large {:.2f}\n", to_string(kind), to_string(mode),
                   small.success, large.success);
      }
    }
  }
  return kExitSuccess;
}

}  // namespace

void add_policy_command(CLI::App& app, const Globals& globals, int& status) {
  auto* policy = app.add_subcommand("policy", "How runs are routed, and why");
  policy->require_subcommand(1);
  policy->footer("Examples:\n  pareto policy explain 01JD\n  pareto policy show");
  const auto finish = [&status](Result<int> exit) {
    status = exit ? *exit : report_failed(exit.error());
  };
  auto id = std::make_shared<std::string>();
  auto* explaining = policy->add_subcommand("explain", "Why a run went the way it did");
  explaining->add_option("run", *id, "The id of a run, or how it begins")->required();
  explaining->callback([=, &globals] { finish(explain_run(globals, *id)); });
  policy->add_subcommand("show", "What is believed of each kind of task and mode")
      ->callback([=, &globals] { finish(show(globals)); });
}

}  // namespace pareto
