#include "apps/system/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/core/json_text.h"
#include "agent/text/hashing.h"
#include "agent/text/nearest_name.h"
#include "apps/system/config_keys.h"

namespace pareto {
namespace {

using Texts = std::vector<std::string>;

// Whether `path` is an instance of `pattern`; `name` gets what stands for NAME.
bool matches(std::string_view pattern, std::string_view path, std::string& name) {
  const std::size_t at = pattern.find("NAME");
  if (at == std::string_view::npos) return pattern == path;
  const std::string_view before = pattern.substr(0, at);
  const std::string_view after = pattern.substr(at + 4);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
      !path.ends_with(after)) {
    return false;
  }
  const std::string_view middle =
      path.substr(before.size(), path.size() - before.size() - after.size());
  if (middle.contains('.')) return false;
  name = middle;
  return true;
}

std::unexpected<Error> unknown_key(const Setting& setting) {
  // The known keys with the setting's own name in the place of NAME.
  Texts known;
  for (const ConfigKey& key : all_config_keys()) {
    std::string path = key.path;
    if (const std::size_t at = path.find("NAME"); at != std::string::npos) {
      std::string_view rest = setting.path;
      const std::string_view before = std::string_view(path).substr(0, at);
      std::string name = "NAME";
      if (rest.starts_with(before)) {
        rest.remove_prefix(before.size());
        name = rest.substr(0, rest.find('.'));
      }
      path.replace(at, 4, name);
    }
    known.push_back(std::move(path));
  }
  const auto nearest = nearest_name(setting.path, known);
  return fail(ErrorCode::invalid,
              fmt::format("{}: unknown key \"{}\"{}", setting.origin, setting.path,
                          nearest ? fmt::format("; did you mean \"{}\"?", *nearest)
                                  : "; `pareto config show` lists the known ones"));
}

Result<void> apply(Config& config, const Setting& setting) {
  for (const ConfigKey& key : all_config_keys()) {
    std::string name;
    if (!matches(key.path, setting.path, name)) continue;
    if (auto done = key.put(config, name, setting.value); !done) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}: \"{}\": {}; found {}", setting.origin, setting.path,
                              done.error().message, dump_json(setting.value)));
    }
    return {};
  }
  return unknown_key(setting);
}

std::string variable(const Texts& environment, std::string_view name) {
  for (const std::string& entry : environment) {
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return entry.substr(name.size() + 1);
    }
  }
  return "";
}

std::vector<Setting> built_in(const Texts& environment) {
  const std::string home = variable(environment, "HOME");
  std::string state = variable(environment, "XDG_STATE_HOME");
  if (state.empty()) state = home.empty() ? "/tmp" : home + "/.local/state";
  const auto set = [](const char* path, Json value) {
    return Setting{path, std::move(value), "built-in"};
  };
  return {set("models.local.engine", "llama"),
          set("models.local.weights", "qwen2.5-coder-1.5b"),
          set("policy.default_model", "local"),
          set("policy.quality_weight", "0.05"),
          set("policy.exploration", 0.05),
          set("limits.usd", "0.50"),
          set("limits.turns", 40),
          set("limits.seconds", 1800),
          set("concerns.order",
              Json::array({"turn_limit", "loop", "compaction", "reminder", "approval"})),
          set("concerns.disabled", Json::array()),
          set("state", state + "/pareto"),
          set("approve", "ask"),
          set("memory.enabled", true),
          set("memory.learn", true),
          set("engine.keep_alive", 300),
          set("engine.threads", 0),
          set("engine.slots", 1),
          set("engine.share_prompts", true),
          set("serve.listen", "127.0.0.1:8766")};
}

// PARETO_LIMITS_USD is limits.usd; PARETO_STATE is state. Numbers and flags are read as such; an
// empty variable is none.
Result<std::vector<Setting>> from_environment(const Texts& environment) {
  std::vector<Setting> settings;
  for (const std::string& entry : environment) {
    const std::size_t equals = entry.find('=');
    if (!entry.starts_with("PARETO_") || equals == std::string::npos) continue;
    const std::string variable_name = entry.substr(0, equals);
    // The server's token is a secret, not a setting; variables of tasks are the sandbox's.
    if (variable_name == "PARETO_TOKEN" || variable_name == "PARETO_TASK") continue;
    const std::string value = entry.substr(equals + 1);
    if (value.empty()) continue;
    const ConfigKey* found = nullptr;
    Texts known;
    for (const ConfigKey& key : all_config_keys()) {
      std::string upper = "PARETO_";
      for (const char c : std::string_view(key.path)) {
        upper += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      }
      // What stands for NAME could not be told from the words around it.
      if (upper.contains("_NAME_")) continue;
      if (upper == variable_name) found = &key;
      known.push_back(std::move(upper));
    }
    if (found == nullptr) {
      const auto nearest = nearest_name(variable_name, known);
      return fail(ErrorCode::invalid,
                  fmt::format("unknown variable {}{}", variable_name,
                              nearest ? fmt::format("; did you mean {}?", *nearest) : ""));
    }
    // "40" is a number for limits.turns and a string for limits.usd: the first that fits.
    Config trial;
    Json parsed = parse_json(value).value_or(Json(value));
    if (!found->put(trial, "", parsed)) parsed = value;
    settings.push_back({found->path, std::move(parsed), variable_name});
  }
  return settings;
}

}  // namespace

std::vector<std::string> config_files(const std::vector<std::string>& environment) {
  std::string folder = variable(environment, "XDG_CONFIG_HOME");
  if (folder.empty() && !variable(environment, "HOME").empty()) {
    folder = variable(environment, "HOME") + "/.config";
  }
  std::vector<std::string> files;
  if (!folder.empty()) files.push_back(folder + "/pareto/pareto.toml");
  files.emplace_back("pareto.toml");
  return files;
}

Result<ConfigSources> gather_settings(const std::vector<std::string>& environment) {
  ConfigSources sources;
  sources.layers.push_back(built_in(environment));
  for (const std::string& file : config_files(environment)) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) continue;
    std::ifstream stream(file);
    std::stringstream content;
    content << stream.rdbuf();
    if (!stream) {
      return fail(ErrorCode::invalid, fmt::format("{} can't be read; check its permissions", file));
    }
    auto settings = settings_from_toml(content.str(), file);
    if (!settings) return std::unexpected(settings.error());
    sources.layers.push_back(std::move(*settings));
  }
  auto variables = from_environment(environment);
  if (!variables) return std::unexpected(variables.error());
  sources.layers.push_back(std::move(*variables));
  return sources;
}

Result<Config> make_config(const ConfigSources& sources) {
  std::map<std::string, Setting> in_force;
  for (const auto& layer : sources.layers) {
    for (const Setting& setting : layer) in_force[setting.path] = setting;
  }
  Config config;
  for (const auto& [path, setting] : in_force) {
    if (auto applied = apply(config, setting); !applied) {
      return std::unexpected(applied.error());
    }
    config.settings.push_back(setting);
  }
  // Sandboxes and later processes are given paths below it.
  std::error_code error;
  config.state = std::filesystem::absolute(config.state, error).lexically_normal().string();
  for (const auto& [name, model] : config.models) {
    if (auto price = price_of(model); !price) return std::unexpected(price.error());
  }
  if (config.policy_models.empty()) config.policy_models = {config.default_model};
  for (const std::string& name : config.policy_models) {
    if (auto model = find_model(config, name); !model) return std::unexpected(model.error());
  }
  if (auto model = find_model(config, config.default_model); !model) {
    return std::unexpected(model.error());
  }
  return config;
}

std::vector<std::string> config_keys() {
  Texts keys;
  for (const ConfigKey& key : all_config_keys()) keys.emplace_back(key.path);
  return keys;
}

std::string config_hash(const Config& config) {
  std::string all;
  for (const Setting& setting : config.settings) {
    if (setting.path == "state" || setting.path.starts_with("serve.")) continue;
    all += setting.path + "=" + dump_json(setting.value) + "\n";
  }
  return fmt::format("{:016x}", hash64(all));
}

Result<std::optional<Price>> price_of(const ModelConfig& model) {
  if (model.price.empty()) return std::nullopt;
  const auto part = [&model](const char* name) -> std::optional<Money> {
    const auto found = model.price.find(name);
    return found == model.price.end() ? std::nullopt : std::optional(found->second);
  };
  const auto input = part("input");
  const auto output = part("output");
  if (!input || !output) {
    return fail(ErrorCode::invalid,
                fmt::format("models.{}.price needs both `input` and `output`, as decimal strings "
                            "of USD per million tokens",
                            model.name));
  }
  return Price{.input = *input,
               .cached_input = part("cached_input").value_or(*input),
               .cache_write = part("cache_write").value_or(*input),
               .output = *output};
}

Result<ModelConfig> find_model(const Config& config, const std::string& name) {
  if (const auto found = config.models.find(name); found != config.models.end()) {
    return found->second;
  }
  Texts names;
  for (const auto& [known, model] : config.models) names.push_back(known);
  const auto nearest = nearest_name(name, names);
  return fail(ErrorCode::invalid,
              fmt::format("unknown model \"{}\"{}; configured are {}", name,
                          nearest ? fmt::format("; did you mean \"{}\"?", *nearest) : "",
                          fmt::join(names, ", ")));
}

}  // namespace pareto
