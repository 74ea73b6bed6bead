#include "agent/core/json_fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pareto {

JsonFields::JsonFields(const Json& json, std::string_view what) : json_(json), what_(what) {
  if (!json.is_object()) {
    error_ = Error{ErrorCode::invalid,
                   fmt::format("{}: expected a JSON object; found {}", what, json.type_name())};
  }
}

const Json* JsonFields::find(std::string_view key) {
  if (!json_.is_object()) return nullptr;
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

const Json* JsonFields::need(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) add_error(key, "is required, but missing");
  return value;
}

std::string JsonFields::text(std::string_view key) {
  const Json* value = need(key);
  if (value == nullptr) return {};
  if (!value->is_string()) {
    wrong(key, "a string");
    return {};
  }
  return value->get<std::string>();
}

std::string JsonFields::text_or(std::string_view key, std::string fallback) {
  return find(key) == nullptr ? std::move(fallback) : text(key);
}

std::int64_t JsonFields::integer(std::string_view key) {
  const Json* value = need(key);
  if (value == nullptr) return 0;
  if (!value->is_number_integer()) {
    wrong(key, "a whole number");
    return 0;
  }
  return value->get<std::int64_t>();
}

std::int64_t JsonFields::integer_or(std::string_view key, std::int64_t fallback) {
  return find(key) == nullptr ? fallback : integer(key);
}

double JsonFields::number_or(std::string_view key, double fallback) {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_number()) {
    wrong(key, "a number");
    return fallback;
  }
  return value->get<double>();
}

bool JsonFields::flag_or(std::string_view key, bool fallback) {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) {
    wrong(key, "true or false");
    return fallback;
  }
  return value->get<bool>();
}

Milliseconds JsonFields::milliseconds_or(std::string_view key, Milliseconds fallback) {
  return Milliseconds(integer_or(key, fallback.count()));
}

Money JsonFields::money(std::string_view key) { return optional_money(key).value_or(Money()); }

std::optional<Money> JsonFields::optional_money(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    wrong(key, "a decimal string such as \"0.05\"");
    return std::nullopt;
  }
  return keep<Money>(key, Money::parse(value->get<std::string>()));
}

std::vector<std::string> JsonFields::texts(std::string_view key) {
  return list<std::string>(key, [](const Json& value) -> Result<std::string> {
    if (!value.is_string()) return fail(ErrorCode::invalid, "expected a list of strings");
    return value.get<std::string>();
  });
}

void JsonFields::add_error(std::string_view key, const std::string& text) {
  if (error_) return;
  error_ = Error{ErrorCode::invalid, fmt::format("{}: \"{}\": {}", what_, key, text)};
}

void JsonFields::wrong(std::string_view key, std::string_view expected) {
  const Json* value = find(key);
  add_error(key, fmt::format("expected {}; found {}", expected,
                             value == nullptr ? "nothing" : value->type_name()));
}

void JsonFields::only(std::initializer_list<std::string_view> known) {
  if (!json_.is_object()) return;
  for (const auto& [key, value] : json_.items()) {
    if (std::ranges::find(known, key) == known.end()) {
      add_error(key, fmt::format("unknown key; known are {}", fmt::join(known, ", ")));
    }
  }
}

Result<void> JsonFields::done() const {
  if (error_) return std::unexpected(*error_);
  return {};
}

}  // namespace pareto
