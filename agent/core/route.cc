#include "agent/core/route.h"

#include <fmt/format.h>

#include "agent/core/json_fields.h"
#include "agent/core/names.h"

namespace pareto {
namespace {

constexpr NameTable<Mode, 3> kModes{
    {{Mode::instant, "instant"}, {Mode::reasoning, "reasoning"}, {Mode::agentic, "agentic"}}};
constexpr NameTable<Effort, 3> kEfforts{
    {{Effort::low, "low"}, {Effort::medium, "medium"}, {Effort::high, "high"}}};

Result<Arm> arm_from_json(const Json& json) {
  JsonFields fields(json, "arm");
  Arm arm;
  arm.mode = fields.keep<Mode>("mode", parse_mode(fields.text("mode")));
  arm.model = fields.text("model");
  arm.effort = fields.keep<Effort>("effort", parse_effort(fields.text("effort")));
  arm.eligible = fields.flag_or("eligible", true);
  arm.why = fields.text_or("why", "");
  arm.success = fields.number_or("p", 0);
  arm.cost = fields.optional_money("cost_usd");
  arm.score = fields.number_or("score", 0);
  arm.propensity = fields.number_or("propensity", 0);
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return arm;
}

}  // namespace

const char* to_string(Mode mode) { return name_in(kModes, mode); }
Result<Mode> parse_mode(std::string_view text) { return value_in(kModes, text, "mode"); }
const char* to_string(Effort effort) { return name_in(kEfforts, effort); }
Result<Effort> parse_effort(std::string_view text) { return value_in(kEfforts, text, "effort"); }

std::string Arm::name() const {
  return fmt::format("{}/{}/{}", to_string(mode), model, to_string(effort));
}

Json to_json(const Arm& arm) {
  Json json = {{"arm", arm.name()},        {"mode", to_string(arm.mode)},
               {"model", arm.model},       {"effort", to_string(arm.effort)},
               {"eligible", arm.eligible}, {"why", arm.why},
               {"p", arm.success},         {"cost_usd", nullptr},
               {"score", arm.score},       {"propensity", arm.propensity}};
  if (arm.cost) json["cost_usd"] = arm.cost->to_string();
  return json;
}

Json to_json(const Route& route) {
  Json arms = Json::array();
  for (const Arm& arm : route.arms) arms.push_back(to_json(arm));
  return {{"mode", to_string(route.mode)},
          {"model", route.model},
          {"effort", to_string(route.effort)},
          {"limits", to_json(route.limits)},
          {"propensity", route.propensity},
          {"forced", route.forced},
          {"kind", route.kind},
          {"reason", route.reason},
          {"arms", std::move(arms)},
          {"features", route.features},
          {"seed", route.seed},
          {"policy_version", route.policy_version},
          {"price_version", route.price_version}};
}

Result<Route> route_from_json(const Json& json) {
  JsonFields fields(json, "route");
  Route route;
  route.mode = fields.keep<Mode>("mode", parse_mode(fields.text("mode")));
  route.model = fields.text("model");
  route.effort = fields.keep<Effort>("effort", parse_effort(fields.text("effort")));
  route.limits = fields.nested<Limits>("limits", limits_from_json);
  route.propensity = fields.number_or("propensity", 1);
  route.forced = fields.flag_or("forced", false);
  route.kind = fields.text_or("kind", "");
  route.reason = fields.text_or("reason", "");
  route.arms = fields.list<Arm>("arms", arm_from_json);
  route.features = fields.text_or("features", "");
  route.seed = static_cast<std::uint64_t>(fields.integer_or("seed", 0));
  route.policy_version = fields.text_or("policy_version", "");
  route.price_version = fields.text_or("price_version", "");
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return route;
}

}  // namespace pareto
