#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "agent/core/json_text.h"
#include "agent/text/nearest_name.h"
#include "tools/output.h"
#include "tools/schema/compiled.h"

namespace pareto {
namespace {

constexpr std::size_t kShown = 60;  // bytes of a value that an error quotes

const char* type_of(const Json& value) {
  if (value.is_number_integer()) return "integer";
  if (value.is_number()) return "number";
  return value.type_name();
}

bool has_type(const Json& value, std::string_view type) {
  if (type == "integer") {
    if (value.is_number_integer()) return true;
    return value.is_number_float() && std::floor(value.get<double>()) == value.get<double>();
  }
  if (type == "number") return value.is_number();
  return type == value.type_name();
}

std::string shown(const Json& value) {
  if (value.is_structured()) return type_of(value);
  return one_line(dump_json(value), kShown);
}

std::int64_t characters(const std::string& text) {
  return std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

bool multiple_of(const Json& value, const Json& unit) {
  constexpr double kExact = 9e15;  // integers that a double holds
  if (value.is_number_integer() && unit.is_number_integer() && unit.get<double>() < kExact &&
      std::abs(value.get<double>()) < kExact) {
    return value.get<std::int64_t>() % unit.get<std::int64_t>() == 0;
  }
  const double ratio = value.get<double>() / unit.get<double>();
  return std::isfinite(ratio) &&
         std::abs(ratio - std::round(ratio)) < 1e-9 * std::abs(ratio) + 1e-12;
}

class Checker {
 public:
  explicit Checker(const CompiledSchema& schema) : schema_(schema) {}

  bool check(const Json& schema, const Json& value, const std::string& where, int depth) {
    if (!step() || depth > Schema::kMaxDepth) return refuse();
    if (schema.is_boolean()) {
      return schema.get<bool>() || wrong(where, "no value is allowed here");
    }
    bool fine = true;
    if (const Json* reference = find(schema, "$ref")) {
      const Json& target = *schema_.references.at(reference->get<std::string>());
      fine = check(target, value, where, depth + 1);
    }
    if (!type(schema, value, where)) return false;
    fine = values(schema, value, where) && fine;
    if (value.is_number()) fine = number(schema, value, where) && fine;
    if (value.is_string()) fine = string(schema, value, where) && fine;
    if (value.is_array()) fine = array(schema, value, where, depth) && fine;
    if (value.is_object()) fine = object(schema, value, where, depth) && fine;
    return combined(schema, value, where, depth) && fine;
  }

  std::vector<std::string> take() { return std::move(errors_); }
  bool exhausted() const { return exhausted_; }

 private:
  static const Json* find(const Json& schema, const char* key) {
    const auto found = schema.find(key);
    return found == schema.end() ? nullptr : &*found;
  }

  bool step() { return ++steps_ <= Schema::kMaxSteps; }
  bool refuse() {
    exhausted_ = true;
    return false;
  }
  bool wrong(const std::string& where, std::string_view text) {
    if (errors_.size() < Schema::kMaxErrors) {
      errors_.push_back(fmt::format("{}: {}", where.empty() ? "/" : where, text));
    }
    return false;
  }
  // Whether the value satisfies the schema, saying nothing.
  bool satisfies(const Json& schema, const Json& value, const std::string& where, int depth) {
    const std::size_t before = errors_.size();
    const bool fine = check(schema, value, where, depth);
    errors_.resize(std::min(before, errors_.size()));
    return fine;
  }

  // Objects are equal whatever the order of their keys.
  bool equal(const Json& a, const Json& b) {
    if (!step()) return refuse();
    if (a.is_object() && b.is_object()) {
      if (a.size() != b.size()) return false;
      for (const auto& [key, value] : a.items()) {
        const auto other = b.find(key);
        if (other == b.end() || !equal(value, *other)) return false;
      }
      return true;
    }
    if (a.is_array() && b.is_array()) {
      return a.size() == b.size() &&
             std::ranges::equal(a, b, [this](const Json& x, const Json& y) { return equal(x, y); });
    }
    return a == b;
  }

  bool type(const Json& schema, const Json& value, const std::string& where) {
    const Json* type = find(schema, "type");
    if (type == nullptr) return true;
    std::string expected;
    for (const Json& name : type->is_array() ? *type : Json::array({*type})) {
      if (has_type(value, name.get<std::string>())) return true;
      expected += (expected.empty() ? "" : " or ") + name.get<std::string>();
    }
    return wrong(where, fmt::format("expected {}, found {}", expected, type_of(value)));
  }

  bool values(const Json& schema, const Json& value, const std::string& where) {
    bool fine = true;
    if (const Json* only = find(schema, "const"); only != nullptr && !equal(*only, value)) {
      fine = wrong(where, fmt::format("expected {}, found {}", shown(*only), shown(value)));
    }
    const Json* any = find(schema, "enum");
    if (any == nullptr) return fine;
    std::string expected;
    for (const Json& item : *any) {
      if (equal(item, value)) return fine;
      if (expected.size() < 300) expected += (expected.empty() ? "" : ", ") + shown(item);
    }
    return wrong(where, fmt::format("expected one of {}; found {}", expected, shown(value)));
  }

  bool number(const Json& schema, const Json& value, const std::string& where) {
    bool fine = true;
    const auto bound = [&](const char* key, auto holds, std::string_view text) {
      const Json* limit = find(schema, key);
      if (limit == nullptr || holds(value, *limit)) return;
      fine =
          wrong(where, fmt::format("expected {} {}, found {}", text, shown(*limit), shown(value)));
    };
    bound("minimum", [](const Json& a, const Json& b) { return a >= b; }, "at least");
    bound("maximum", [](const Json& a, const Json& b) { return a <= b; }, "at most");
    bound("exclusiveMinimum", [](const Json& a, const Json& b) { return a > b; }, "more than");
    bound("exclusiveMaximum", [](const Json& a, const Json& b) { return a < b; }, "less than");
    bound("multipleOf", multiple_of, "a multiple of");
    return fine;
  }

  // `count` against two keywords that bound it.
  bool counted(const Json& schema, const char* least, const char* most, std::int64_t count,
               const std::string& where, std::string_view unit) {
    const Json* low = find(schema, least);
    if (low != nullptr && count < low->get<std::int64_t>()) {
      return wrong(where,
                   fmt::format("expected at least {} {}, found {}", shown(*low), unit, count));
    }
    const Json* high = find(schema, most);
    if (high != nullptr && count > high->get<std::int64_t>()) {
      return wrong(where,
                   fmt::format("expected at most {} {}, found {}", shown(*high), unit, count));
    }
    return true;
  }

  bool string(const Json& schema, const Json& value, const std::string& where) {
    const auto& text = value.get_ref<const std::string&>();
    bool fine = counted(schema, "minLength", "maxLength", characters(text), where, "characters");
    if (const Json* pattern = find(schema, "pattern")) {
      const auto& regex = *schema_.patterns.at(pattern->get<std::string>());
      if (!RE2::PartialMatch(text, regex)) {
        fine = wrong(where, fmt::format("expected text that matches {}, found {}", regex.pattern(),
                                        shown(value)));
      }
    }
    return fine;
  }

  bool array(const Json& schema, const Json& value, const std::string& where, int depth) {
    bool fine = counted(schema, "minItems", "maxItems", static_cast<std::int64_t>(value.size()),
                        where, "items");
    const Json* first = find(schema, "prefixItems");
    const Json* rest = find(schema, "items");
    for (std::size_t i = 0; i < value.size() && !exhausted_; ++i) {
      const bool in_prefix = first != nullptr && i < first->size();
      const Json* item = in_prefix ? &(*first)[i] : rest;
      if (item == nullptr) break;
      fine = check(*item, value[i], fmt::format("{}/{}", where, i), depth + 1) && fine;
    }
    if (const Json* some = find(schema, "contains")) {
      const bool found = std::ranges::any_of(
          value, [&](const Json& item) { return satisfies(*some, item, where, depth + 1); });
      if (!found) fine = wrong(where, "no item has the required form");
    }
    const Json* unique = find(schema, "uniqueItems");
    if (unique != nullptr && *unique == true && repeats(value)) {
      fine = wrong(where, "expected items that all differ");
    }
    return fine;
  }

  bool repeats(const Json& array) {
    for (std::size_t i = 0; i < array.size(); ++i) {
      for (std::size_t j = 0; j < i && !exhausted_; ++j) {
        if (equal(array[i], array[j])) return true;
      }
    }
    return false;
  }

  bool object(const Json& schema, const Json& value, const std::string& where, int depth) {
    bool fine = counted(schema, "minProperties", "maxProperties",
                        static_cast<std::int64_t>(value.size()), where, "properties");
    if (const Json* required = find(schema, "required")) {
      for (const Json& name : *required) {
        if (value.contains(name.get<std::string>())) continue;
        fine = wrong(where, fmt::format("missing required property {}", shown(name)));
      }
    }
    const Json* names = find(schema, "propertyNames");
    for (const auto& [name, inner] : value.items()) {
      if (exhausted_ || !step()) return refuse();
      if (names != nullptr) fine = check(*names, Json(name), where, depth + 1) && fine;
      fine = property(schema, name, inner, where, depth) && fine;
    }
    return fine;
  }

  bool property(const Json& schema, const std::string& name, const Json& value,
                const std::string& where, int depth) {
    const std::string path = fmt::format("{}/{}", where, pointer_step(one_line(name, kShown)));
    bool fine = true;
    bool known = false;
    const Json* properties = find(schema, "properties");
    if (properties != nullptr) {
      if (const auto own = properties->find(name); own != properties->end()) {
        known = true;
        fine = check(*own, value, path, depth + 1);
      }
    }
    if (const Json* by_pattern = find(schema, "patternProperties")) {
      for (const auto& [pattern, inner] : by_pattern->items()) {
        if (!RE2::PartialMatch(name, *schema_.patterns.at(pattern))) continue;
        known = true;
        fine = check(inner, value, path, depth + 1) && fine;
      }
    }
    const Json* others = find(schema, "additionalProperties");
    if (known || others == nullptr) return fine;
    if (others->is_boolean() && !others->get<bool>())
      return unknown_property(properties, name, where);
    return check(*others, value, path, depth + 1) && fine;
  }

  bool unknown_property(const Json* properties, const std::string& name, const std::string& where) {
    std::vector<std::string> known;
    if (properties != nullptr) {
      for (const auto& [key, unused] : properties->items()) known.push_back(key);
    }
    std::string text = fmt::format("unknown property \"{}\"", one_line(name, kShown));
    if (const auto near = nearest_name(name, known)) {
      text += fmt::format("; did you mean \"{}\"?", *near);
    } else if (!known.empty()) {
      text +=
          fmt::format("; known are {}", one_line(fmt::format("{}", fmt::join(known, ", ")), 200));
    }
    return wrong(where, text);
  }

  bool combined(const Json& schema, const Json& value, const std::string& where, int depth) {
    bool fine = true;
    if (const Json* all = find(schema, "allOf")) {
      for (const Json& each : *all) fine = check(each, value, where, depth + 1) && fine;
    }
    if (const Json* any = find(schema, "anyOf")) fine = any_of(*any, value, where, depth) && fine;
    if (const Json* one = find(schema, "oneOf")) fine = one_of(*one, value, where, depth) && fine;
    if (const Json* none = find(schema, "not")) {
      if (satisfies(*none, value, where, depth + 1)) fine = wrong(where, "has a forbidden form");
    }
    if (const Json* condition = find(schema, "if")) {
      const bool holds = satisfies(*condition, value, where, depth + 1);
      const Json* then = find(schema, holds ? "then" : "else");
      if (then != nullptr) fine = check(*then, value, where, depth + 1) && fine;
    }
    return fine;
  }

  // Names what is wrong with the first alternative, as a list of all would be noise.
  bool any_of(const Json& any, const Json& value, const std::string& where, int depth) {
    for (const Json& each : any) {
      if (satisfies(each, value, where, depth + 1)) return true;
    }
    if (any.size() == 1) return check(any[0], value, where, depth + 1);
    std::string first = "of the wrong form";
    const std::size_t before = errors_.size();
    if (before < Schema::kMaxErrors && !check(any[0], value, where, depth + 1) &&
        errors_.size() > before) {
      first = errors_[before];
      errors_.resize(before);
    }
    return wrong(where, fmt::format("matches none of {} alternatives (of the first: {})",
                                    any.size(), first));
  }

  bool one_of(const Json& one, const Json& value, const std::string& where, int depth) {
    int matches = 0;
    for (const Json& each : one) matches += satisfies(each, value, where, depth + 1) ? 1 : 0;
    if (matches == 1) return true;
    if (matches == 0) return any_of(one, value, where, depth);
    return wrong(where,
                 fmt::format("matches {} alternatives where exactly one is allowed", matches));
  }

  const CompiledSchema& schema_;
  int steps_ = 0;
  bool exhausted_ = false;
  std::vector<std::string> errors_;
};

}  // namespace

std::vector<std::string> Schema::check(const Json& value) const {
  Checker checker(*compiled_);
  const bool fine = checker.check(compiled_->root, value, "", 0);
  // A check that was cut short says nothing, not even inside of a `not`.
  if (checker.exhausted()) return {"/: the value is too large or too deep to be checked"};
  std::vector<std::string> errors = checker.take();
  if (!fine && errors.empty()) errors.push_back("/: does not satisfy the schema");
  return errors;
}

}  // namespace pareto
