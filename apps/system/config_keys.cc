#include "apps/system/config_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "policies/concerns/catalogue.h"

namespace pareto {
namespace {

using Texts = std::vector<std::string>;

std::unexpected<Error> expected(std::string_view what) {
  return fail(ErrorCode::invalid, fmt::format("expected {}", what));
}

Result<std::string> text(const Json& value) {
  if (!value.is_string()) return expected("a string");
  return value.get<std::string>();
}
Result<Texts> texts(const Json& value) {
  if (value.is_string()) return Texts{value.get<std::string>()};
  const auto is_text = [](const Json& element) { return element.is_string(); };
  if (!value.is_array() || !std::ranges::all_of(value, is_text)) {
    return expected("a list of strings");
  }
  return value.get<Texts>();
}
Result<Texts> concern_names(const Json& value) {
  auto names = texts(value);
  if (!names) return names;
  if (auto known = concerns(*names, {}); !known) return std::unexpected(known.error());
  return names;
}
Result<std::int64_t> whole(const Json& value) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0 ||
      value.get<std::int64_t>() > INT32_MAX) {
    return expected("a whole number from 0 to 2147483647");
  }
  return value.get<std::int64_t>();
}
Result<std::string> approval(const Json& value) {
  auto how = text(value);
  if (!how || (*how != "ask" && *how != "all" && *how != "none" && !how->starts_with("file:"))) {
    return expected("ask, all, none or file:PATH");
  }
  return how;
}
Result<double> number(const Json& value) {
  if (!value.is_number()) return expected("a number");
  return value.get<double>();
}
Result<double> share(const Json& value) {
  if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > 1) {
    return expected("a number from 0 to 1");
  }
  return value.get<double>();
}
Result<bool> flag(const Json& value) {
  if (!value.is_boolean()) return expected("true or false");
  return value.get<bool>();
}
Result<Money> money(const Json& value) {
  if (!value.is_string()) return expected("a decimal string such as \"0.05\"");
  auto usd = Money::parse(value.get<std::string>());
  if (usd && *usd < Money()) return expected("0 or more");
  return usd;
}
Result<std::string> one_of(const Json& value, const Texts& known) {
  if (value.is_string() && std::ranges::find(known, value.get<std::string>()) != known.end()) {
    return value.get<std::string>();
  }
  return expected(fmt::format("one of {}", fmt::join(known, ", ")));
}

template <class Field, class Value>
Result<void> put(Field& field, Result<Value> value) {
  if (!value) return std::unexpected(value.error());
  field = static_cast<Field>(std::move(*value));
  return {};
}
template <class Field, class Value>
Result<void> put(std::optional<Field>& field, Result<Value> value) {
  if (!value) return std::unexpected(value.error());
  field = static_cast<Field>(std::move(*value));
  return {};
}

ModelConfig& model_of(Config& config, const std::string& name) {
  ModelConfig& model = config.models[name];
  model.name = name;
  return model;
}

template <const char* kPart>
Result<void> put_price(Config& c, const std::string& n, const Json& v) {
  return put(model_of(c, n).price[kPart], money(v));
}
constexpr char kInput[] = "input";
constexpr char kCachedInput[] = "cached_input";
constexpr char kCacheWrite[] = "cache_write";
constexpr char kOutput[] = "output";

Result<void> put_dialect(Config& c, const std::string& n, const Json& v) {
  auto name = text(v);
  if (!name) return std::unexpected(name.error());
  return put(model_of(c, n).tools, parse_tool_dialect(*name));
}

Result<void> put_seconds(Config& c, const std::string&, const Json& v) {
  auto limits = limits_from_json(Json{{"seconds", v}});
  if (!limits) return std::unexpected(limits.error());
  c.limits.seconds = limits->seconds;
  return {};
}

constexpr std::array kKeys{
    ConfigKey{"models.NAME.engine",
              [](Config& c, const std::string& n, const Json& v) {
                return put(model_of(c, n).engine,
                           one_of(v, {"llama", "openai", "scripted", "cassette"}));
              }},
    ConfigKey{"models.NAME.weights",
              [](Config& c, const std::string& n, const Json& v) {
                return put(model_of(c, n).weights, text(v));
              }},
    ConfigKey{"models.NAME.base_url",
              [](Config& c, const std::string& n, const Json& v) {
                return put(model_of(c, n).base_url, text(v));
              }},
    ConfigKey{"models.NAME.model",
              [](Config& c, const std::string& n, const Json& v) {
                return put(model_of(c, n).model, text(v));
              }},
    ConfigKey{"models.NAME.api_key_env",
              [](Config& c, const std::string& n, const Json& v) {
                return put(model_of(c, n).api_key_env, text(v));
              }},
    ConfigKey{"models.NAME.price.input", put_price<kInput>},
    ConfigKey{"models.NAME.price.cached_input", put_price<kCachedInput>},
    ConfigKey{"models.NAME.price.cache_write", put_price<kCacheWrite>},
    ConfigKey{"models.NAME.price.output", put_price<kOutput>},
    ConfigKey{"models.NAME.context",
              [](Config& c, const std::string& n, const Json& v) {
                return put(model_of(c, n).context, whole(v));
              }},
    ConfigKey{"models.NAME.max_output_tokens",
              [](Config& c, const std::string& n, const Json& v) {
                return put(model_of(c, n).max_output_tokens, whole(v));
              }},
    ConfigKey{"models.NAME.tools", put_dialect},
    ConfigKey{"models.NAME.reasoning",
              [](Config& c, const std::string& n, const Json& v) {
                return put(model_of(c, n).reasoning, one_of(v, {"none", "effort", "budget"}));
              }},
    ConfigKey{"models.NAME.temperature",
              [](Config& c, const std::string& n, const Json& v) {
                return put(model_of(c, n).temperature, number(v));
              }},
    ConfigKey{"models.NAME.small",
              [](Config& c, const std::string& n, const Json& v) {
                return put(model_of(c, n).small, flag(v));
              }},
    ConfigKey{"models.NAME.script",
              [](Config& c, const std::string& n, const Json& v) {
                return put(model_of(c, n).script, text(v));
              }},
    ConfigKey{"models.NAME.cassette",
              [](Config& c, const std::string& n, const Json& v) {
                return put(model_of(c, n).cassette, text(v));
              }},
    ConfigKey{"policy.default_model", [](Config& c, const std::string&,
                                         const Json& v) { return put(c.default_model, text(v)); }},
    ConfigKey{"policy.models", [](Config& c, const std::string&,
                                  const Json& v) { return put(c.policy_models, texts(v)); }},
    ConfigKey{"policy.quality_weight",
              [](Config& c, const std::string&, const Json& v) {
                return put(c.quality_weight, money(v));
              }},
    ConfigKey{"policy.exploration", [](Config& c, const std::string&,
                                       const Json& v) { return put(c.exploration, share(v)); }},
    ConfigKey{"limits.usd", [](Config& c, const std::string&,
                               const Json& v) { return put(c.limits.usd, money(v)); }},
    ConfigKey{"limits.turns", [](Config& c, const std::string&,
                                 const Json& v) { return put(c.limits.turns, whole(v)); }},
    ConfigKey{"limits.seconds", put_seconds},
    ConfigKey{"concerns.order",
              [](Config& c, const std::string&, const Json& v) {
                return put(c.concern_order, concern_names(v));
              }},
    ConfigKey{"concerns.disabled",
              [](Config& c, const std::string&, const Json& v) {
                return put(c.disabled_concerns, concern_names(v));
              }},
    ConfigKey{"tools.exec.NAME.command",
              [](Config& c, const std::string& n, const Json& v) {
                c.exec_tools[n].name = n;
                return put(c.exec_tools[n].command, texts(v));
              }},
    ConfigKey{"tools.c.NAME.library",
              [](Config& c, const std::string& n, const Json& v) {
                c.c_tools[n].name = n;
                return put(c.c_tools[n].library, text(v));
              }},
    ConfigKey{"tools.c.NAME.sha256",
              [](Config& c, const std::string& n, const Json& v) {
                c.c_tools[n].name = n;
                return put(c.c_tools[n].sha256, text(v));
              }},
    ConfigKey{"state",
              [](Config& c, const std::string&, const Json& v) { return put(c.state, text(v)); }},
    ConfigKey{"approve", [](Config& c, const std::string&,
                            const Json& v) { return put(c.approve, approval(v)); }},
    ConfigKey{"memory.enabled", [](Config& c, const std::string&,
                                   const Json& v) { return put(c.memory_on, flag(v)); }},
    ConfigKey{"memory.learn", [](Config& c, const std::string&,
                                 const Json& v) { return put(c.learn_on, flag(v)); }},
    ConfigKey{"engine.keep_alive", [](Config& c, const std::string&,
                                      const Json& v) { return put(c.keep_alive, whole(v)); }},
    ConfigKey{"engine.threads", [](Config& c, const std::string&,
                                   const Json& v) { return put(c.engine_threads, whole(v)); }},
    ConfigKey{"engine.slots", [](Config& c, const std::string&,
                                 const Json& v) { return put(c.engine_slots, whole(v)); }},
    ConfigKey{"engine.share_prompts", [](Config& c, const std::string&,
                                         const Json& v) { return put(c.share_prompts, flag(v)); }},
    ConfigKey{"engine.llama_server", [](Config& c, const std::string&,
                                        const Json& v) { return put(c.llama_server, text(v)); }},
    ConfigKey{"serve.listen",
              [](Config& c, const std::string&, const Json& v) { return put(c.listen, text(v)); }},
    ConfigKey{"serve.token_file", [](Config& c, const std::string&,
                                     const Json& v) { return put(c.token_file, text(v)); }},
    ConfigKey{"sandbox.unsafe_none",
              [](Config& c, const std::string&, const Json& v) {
                return put(c.unsafe_no_sandbox, flag(v));
              }},
};

}  // namespace

std::span<const ConfigKey> all_config_keys() { return kKeys; }

}  // namespace pareto
