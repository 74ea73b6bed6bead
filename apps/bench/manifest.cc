#include "apps/bench/manifest.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "agent/core/json_text.h"
#include "agent/models/local/catalogue.h"
#include "agent/text/hashing.h"
#include "apps/system/model_factory.h"
#include "apps/system/task_file.h"
#include "policies/routing/router.h"
#include "tools/digest.h"

namespace pareto {
namespace {

// Settings that no row depends on, or that a bench has flags for.
bool matters(const Setting& setting) {
  constexpr std::array<std::string_view, 6> kNot = {
      "state",        "policy.default_model", "memory.enabled",
      "memory.learn", "engine.keep_alive",    "engine.share_prompts"};
  return std::ranges::find(kNot, setting.path) == kNot.end() &&
         !setting.path.starts_with("serve.") && !setting.path.starts_with("models.");
}

// Weights are verified against the catalogue's digest before they are used.
Result<std::string> file_digest(const ModelConfig& model) {
  if (model.engine == "scripted") return sha256_file(model.script);
  if (model.engine == "cassette") return sha256_file(model.cassette);
  if (model.engine != "llama" || model.weights.empty()) return "";
  auto catalogue = Catalogue::built_in();
  if (!catalogue) return std::unexpected(catalogue.error());
  auto weights = catalogue->find(model.weights);
  if (!weights) return std::unexpected(weights.error());
  return weights->sha256;
}

Result<Json> model_json(const ModelConfig& model, const ModelInfo& info, const Config& config) {
  auto digest = file_digest(model);
  if (!digest) return std::unexpected(digest.error());
  Json settings = Json::object();
  const std::string prefix = "models." + model.name + ".";
  for (const Setting& setting : config.settings) {
    if (!setting.path.starts_with(prefix)) continue;
    settings[setting.path.substr(prefix.size())] = setting.value;
  }
  Json json = {{"settings", std::move(settings)},
               {"price", info.price ? to_json(*info.price) : Json()}};
  if (!digest->empty()) json["sha256"] = *digest;
  return json;
}

std::string first_of(const std::string& file, std::string_view key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t begin = line.find_first_not_of(" \t", line.find(':') + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

Json host_json() {
  utsname name{};
  uname(&name);
  return {{"system", name.sysname},
          {"kernel", name.release},
          {"machine", name.machine},
          {"processor", first_of("/proc/cpuinfo", "model name")},
          {"processors", std::thread::hardware_concurrency()},
          {"memory", first_of("/proc/meminfo", "MemTotal")}};
}

Json plan_json(const BenchPlan& plan) {
  return {{"modes", plan.modes},
          {"models", plan.models},
          {"repeats", plan.repeats},
          {"jobs", plan.jobs},
          {"limit", plan.limit ? Json(*plan.limit) : Json()},
          {"filter", plan.filter},
          {"usd", plan.usd ? Json(plan.usd->to_string()) : Json()}};
}

void compare(const std::string& name, const Json& before, const Json& now,
             std::vector<std::string>& found) {
  if (before == now) return;
  if (!before.is_object() || !now.is_object()) {
    found.push_back(fmt::format("{}: {}, now {}", name,
                                before.is_null() ? "not set" : dump_json(before),
                                now.is_null() ? "not set" : dump_json(now)));
    return;
  }
  std::set<std::string> keys;
  for (const auto& [key, value] : before.items()) keys.insert(key);
  for (const auto& [key, value] : now.items()) keys.insert(key);
  const auto value_of = [](const Json& json, const std::string& key) {
    const auto value = json.find(key);
    return value == json.end() ? Json() : *value;
  };
  for (const std::string& key : keys) {
    compare(name.empty() || name == "settings" ? key : name + "." + key, value_of(before, key),
            value_of(now, key), found);
  }
}

// Parts of a configuration that only some of its rows depend on.
constexpr std::array<const char*, 2> kGrowing = {"models", "agents"};

Json part_of(const Json& configuration, const char* name) {
  const auto part = configuration.find(name);
  return part != configuration.end() && part->is_object() ? *part : Json::object();
}

Json agents_json(const BenchPlan& plan) {
  Json agents = Json::object();
  if (plan.agent) {
    agents[plan.agent->name] = {{"command", plan.agent->command}, {"paths", plan.agent->paths}};
  }
  return agents;
}

}  // namespace

Result<Manifest> manifest_of(const Suite& suite, const BenchPlan& plan, const Config& config,
                             const std::string& version, Instant now) {
  Json settings = Json::object();
  for (const Setting& setting : config.settings) {
    if (matters(setting)) settings[setting.path] = setting.value;
  }
  Json models = Json::object();
  std::vector<ModelInfo> infos;
  std::vector<std::string> names = plan.models;
  if (!plan.judge.empty()) names.push_back(plan.judge);
  for (const std::string& name : names) {
    auto model = find_model(config, name);
    if (!model) return std::unexpected(model.error());
    auto info = model_info(*model);
    if (!info) return std::unexpected(info.error());
    auto json = model_json(*model, *info, config);
    if (!json) return std::unexpected(json.error());
    models[name] = std::move(*json);
    infos.push_back(std::move(*info));
  }
  const auto on_off = [](bool on) { return on ? "on" : "off"; };
  Json configuration = {{"pareto", version},           {"policy", RouterOptions{}.policy_version},
                        {"seed", plan.seed},           {"memory", on_off(plan.recall)},
                        {"learn", on_off(plan.learn)}, {"settings", std::move(settings)},
                        {"models", std::move(models)}, {"agents", agents_json(plan)}};
  if (!plan.judge.empty()) configuration["judge"] = plan.judge;
  return Manifest{
      .suite = {{"name", suite.name},
                {"version", suite.version},
                {"hash", suite.hash},
                {"licence", suite.licence},
                {"source", suite.source}},
      .configuration = std::move(configuration),
      .session = {
          {"started",
           fmt::format("{:%FT%TZ}", fmt::gmtime(std::chrono::floor<std::chrono::seconds>(now)))},
          {"plan", plan_json(plan)},
          {"prices", price_version(infos)},
          {"host", host_json()}}};
}

std::vector<std::string> differences(const Json& before, const Json& now) {
  std::vector<std::string> found;
  Json first = before;
  Json second = now;
  for (Json* side : {&first, &second}) {
    side->erase("hash");
    for (const char* part : kGrowing) side->erase(part);
  }
  compare("", first, second, found);
  // A model, or an agent, that only one of them asked for has no rows of the other.
  for (const char* part : kGrowing) {
    const Json asked = part_of(now, part);
    const Json known = part_of(before, part);
    for (const auto& [name, value] : known.items()) {
      if (asked.contains(name))
        compare(fmt::format("{}.{}", part, name), value, asked.at(name), found);
    }
  }
  return found;
}

Result<void> record_manifest(const std::string& path, const Manifest& manifest) {
  Json configuration = manifest.configuration;
  Json sessions = Json::array();
  if (std::filesystem::exists(path)) {
    auto text = read_text_file(path);
    if (!text) return std::unexpected(text.error());
    auto before = parse_json(*text);
    const bool known = before && before->is_object() && before->contains("configuration") &&
                       before->at("configuration").is_object();
    if (!known) {
      return fail(ErrorCode::invalid,
                  path + ": not the description of a bench; move it away or choose another --out");
    }
    const Json& earlier = before->at("configuration");
    if (const auto found = differences(earlier, manifest.configuration); !found.empty()) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}: the rows there are of another configuration ({}); choose "
                              "another --out",
                              path, fmt::join(found, "; ")));
    }
    for (const char* name : kGrowing) {
      Json part = part_of(earlier, name);
      part.update(part_of(manifest.configuration, name));
      configuration[name] = std::move(part);
    }
    if (before->contains("sessions") && before->at("sessions").is_array()) {
      sessions = before->at("sessions");
    }
  }
  configuration["hash"] = sha256(dump_json(configuration));
  sessions.push_back(manifest.session);
  const Json json = {{"schema", 1},
                     {"suite", manifest.suite},
                     {"configuration", std::move(configuration)},
                     {"sessions", std::move(sessions)}};
  return write_text_file(path, json.dump(2) + "\n");
}

}  // namespace pareto
