#include "apps/system/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <sstream>

namespace pareto {
namespace {

std::unexpected<Error> wrong(const std::string& name, const toml::node& node,
                             std::string_view why) {
  return fail(ErrorCode::invalid, fmt::format("{}:{}: {}", name, node.source().begin.line, why));
}

Result<Json> value_of(const toml::node& node, const std::string& name) {
  if (const auto* text = node.as_string()) return Json(text->get());
  if (const auto* integer = node.as_integer()) return Json(integer->get());
  if (const auto* number = node.as_floating_point()) return Json(number->get());
  if (const auto* flag = node.as_boolean()) return Json(flag->get());
  if (const auto* list = node.as_array()) {
    Json values = Json::array();
    for (const toml::node& element : *list) {
      if (!element.is_string()) return wrong(name, element, "expected a list of strings");
      values.push_back(element.as_string()->get());
    }
    return values;
  }
  return wrong(name, node, "expected a string, number, true, false or a list of strings");
}

Result<void> flatten(const toml::table& table, const std::vector<std::string>& outer,
                     const std::string& name, std::vector<Setting>& settings) {
  for (const auto& [key, node] : table) {
    std::vector<std::string> keys = outer;
    keys.emplace_back(key.str());
    if (const auto* inner = node.as_table()) {
      if (auto flat = flatten(*inner, keys, name, settings); !flat) return flat;
      continue;
    }
    auto value = value_of(node, name);
    if (!value) return std::unexpected(value.error());
    settings.push_back({fmt::format("{}", fmt::join(keys, ".")), std::move(*value),
                        fmt::format("{}:{}", name, node.source().begin.line), std::move(keys)});
  }
  return {};
}

}  // namespace

Result<std::vector<Setting>> settings_from_toml(std::string_view text, const std::string& name) {
  try {
    const toml::table table = toml::parse(text);
    std::vector<Setting> settings;
    if (auto flat = flatten(table, {}, name, settings); !flat) {
      return std::unexpected(flat.error());
    }
    return settings;
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid, fmt::format("{}:{}: not valid TOML: {}", name,
                                                error.source().begin.line, error.description()));
  }
}

}  // namespace pareto
