#include "tools/arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "agent/core/json_text.h"
#include "tools/output.h"

namespace pareto {
namespace {

constexpr std::size_t kPreview = 200;
constexpr std::size_t kSchemaShown = 2'000;

std::optional<Json> as_number(const std::string& text) {
  std::int64_t whole = 0;
  const char* end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, whole);
      read.ec == std::errc() && read.ptr == end) {
    return Json(whole);
  }
  double real = 0;
  const auto read = std::from_chars(text.data(), end, real);
  if (read.ec == std::errc() && read.ptr == end && std::isfinite(real)) return Json(real);
  return std::nullopt;
}

// The value of type `type` that the model meant, if there is no doubt.
std::optional<Json> meant(const Json& value, const std::string& type) {
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    if (type == "integer" || type == "number") return as_number(text);
    if (type == "boolean" && (text == "true" || text == "True")) return Json(true);
    if (type == "boolean" && (text == "false" || text == "False")) return Json(false);
    if ((type == "array" || type == "object") && !text.empty()) {
      if (auto inner = parse_json(text, kMaxArgumentDepth); inner && inner->type_name() == type) {
        return std::move(*inner);
      }
    }
  }
  if (type == "string" && (value.is_number() || value.is_boolean())) {
    return Json(dump_json(value));
  }
  return std::nullopt;
}

// Only the top level: tools have flat parameters, and deeper guesses would hide real mistakes.
void adapt(Json& arguments, const Json& parameters, const Schema& schema) {
  if (!arguments.is_object() || schema.check(arguments).empty()) return;
  const auto properties = parameters.find("properties");
  if (properties == parameters.end() || !properties->is_object()) return;
  Json adapted = Json::object();
  for (auto& [name, value] : arguments.items()) {
    const auto property = properties->find(name);
    const bool known = property != properties->end() && property->is_object();
    const auto type = known ? property->find("type") : Json::const_iterator();
    if (!known || type == property->end() || !type->is_string()) {
      adapted[name] = std::move(value);
      continue;
    }
    if (value.is_null() && *type != "null") continue;
    auto better = meant(value, type->get<std::string>());
    adapted[name] = better ? std::move(*better) : std::move(value);
  }
  arguments = std::move(adapted);
}

std::unexpected<Error> not_json(std::string_view text, const ToolSpec& spec, std::string_view why) {
  return fail(
      ErrorCode::invalid,
      fmt::format("The arguments of {} are {}: {}\nWrite one JSON object that satisfies {}",
                  spec.name, why, one_line(to_valid_utf8(text.substr(0, kPreview)), kPreview),
                  utf8_prefix(dump_json(*spec.parameters), kSchemaShown)));
}

}  // namespace

Result<Json> read_arguments(std::string_view text, const ToolSpec& spec, const Schema& schema) {
  if (text.size() > kMaxArgumentBytes) {
    return fail(ErrorCode::invalid,
                fmt::format("The arguments of {} are {} bytes long; at most {} are allowed. Send "
                            "less at once.",
                            spec.name, text.size(), kMaxArgumentBytes));
  }
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) text = "{}";
  auto arguments = parse_json(text, kMaxArgumentDepth);
  if (!arguments) return not_json(text, spec, arguments.error().message);
  if (arguments->is_string()) {
    auto inner = parse_json(arguments->get<std::string>(), kMaxArgumentDepth);
    if (inner && inner->is_object()) arguments = std::move(inner);
  }
  if (arguments->is_null()) arguments = Json::object();
  if (!arguments->is_object()) return not_json(text, spec, "not a JSON object");
  adapt(*arguments, *spec.parameters, schema);
  const std::vector<std::string> errors = schema.check(*arguments);
  if (errors.empty()) return arguments;
  return fail(ErrorCode::invalid, fmt::format("The arguments of {} are wrong. {}. Call it again "
                                              "with these mended.",
                                              spec.name, fmt::join(errors, "; ")));
}

}  // namespace pareto
