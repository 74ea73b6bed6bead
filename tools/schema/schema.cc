#include "tools/schema/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <string_view>
#include <utility>

#include "tools/schema/compiled.h"

namespace pareto {

std::string pointer_step(std::string_view name) {
  std::string step;
  for (const char c : name) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

namespace {

constexpr std::int64_t kPatternMemory = 1 << 20;
constexpr std::size_t kMaxPattern = 4'000;

constexpr std::array kTypes = {"null", "boolean", "object", "array", "number", "integer", "string"};
constexpr std::array kSchemaKeys = {
    "additionalProperties", "propertyNames", "contains", "not", "items", "if", "then", "else"};
constexpr std::array kListKeys = {"prefixItems", "anyOf", "oneOf", "allOf"};
constexpr std::array kMapKeys = {"properties", "patternProperties", "$defs", "definitions"};
constexpr std::array kCountKeys = {"minProperties", "maxProperties", "minItems",
                                   "maxItems",      "minLength",     "maxLength"};
constexpr std::array kNumberKeys = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
                                    "multipleOf"};

bool known_type(const Json& type) {
  return type.is_string() && std::ranges::find(kTypes, type.get<std::string>()) != kTypes.end();
}

bool list_of_strings(const Json& value) {
  return value.is_array() &&
         std::ranges::all_of(value, [](const Json& item) { return item.is_string(); });
}

bool is_count(const Json& value) {
  constexpr double kLargest = 1e15;
  return value.is_number_integer() && value.get<double>() >= 0 && value.get<double>() <= kLargest;
}

// Undoes the escapes of a URI fragment (%25) and of a JSON Pointer (~0, ~1).
std::string unescape_step(std::string_view step) {
  std::string plain;
  for (std::size_t i = 0; i < step.size(); ++i) {
    unsigned code = 0;
    if (step[i] == '%' && i + 2 < step.size() &&
        std::from_chars(step.data() + i + 1, step.data() + i + 3, code, 16).ptr ==
            step.data() + i + 3) {
      plain += static_cast<char>(code);
      i += 2;
    } else {
      plain += step[i];
    }
  }
  for (std::size_t at = 0; (at = plain.find("~1", at)) != std::string::npos;)
    plain.replace(at, 2, "/");
  for (std::size_t at = 0; (at = plain.find("~0", at)) != std::string::npos; ++at) {
    plain.replace(at, 2, "~");
  }
  return plain;
}

const Json* child_of(const Json& node, const std::string& step) {
  if (node.is_object()) {
    const auto found = node.find(step);
    return found == node.end() ? nullptr : &*found;
  }
  std::size_t index = 0;
  const char* end = step.data() + step.size();
  if (!node.is_array() || std::from_chars(step.data(), end, index).ptr != end) return nullptr;
  return index < node.size() ? &node[index] : nullptr;
}

class Compiler {
 public:
  explicit Compiler(CompiledSchema& out) : out_(out) {}

  Result<void> compile(const Json& schema, const std::string& where, int depth) {
    if (depth > Schema::kMaxDepth) return malformed(where, "is nested too deep");
    if (schema.is_boolean()) return {};
    if (!schema.is_object()) return malformed(where, "expected an object or a boolean");
    if (!seen_.insert(&schema).second) return {};
    if (auto done = forms(schema, where); !done) return done;
    if (auto done = patterns(schema, where); !done) return done;
    if (auto done = children(schema, where, depth); !done) return done;
    return reference(schema, where, depth);
  }

 private:
  static std::unexpected<Error> malformed(const std::string& where, std::string_view text) {
    return fail(ErrorCode::invalid,
                fmt::format("schema {}: {}", where.empty() ? "/" : where, text));
  }

  // The keywords whose values are plain data.
  Result<void> forms(const Json& schema, const std::string& where) {
    const auto wrong = [&](const char* key, std::string_view expected) {
      return malformed(where + "/" + key, fmt::format("expected {}", expected));
    };
    for (const char* key : kCountKeys) {
      if (schema.contains(key) && !is_count(schema[key])) return wrong(key, "a whole number");
    }
    for (const char* key : kNumberKeys) {
      if (schema.contains(key) && !schema[key].is_number()) return wrong(key, "a number");
    }
    if (schema.contains("multipleOf") && !(schema["multipleOf"].get<double>() > 0)) {
      return wrong("multipleOf", "a number above 0");
    }
    if (schema.contains("required") && !list_of_strings(schema["required"])) {
      return wrong("required", "a list of strings");
    }
    if (schema.contains("enum") && !schema["enum"].is_array()) return wrong("enum", "a list");
    if (!schema.contains("type")) return {};
    const Json& type = schema["type"];
    const bool fine =
        type.is_array() ? !type.empty() && std::ranges::all_of(type, known_type) : known_type(type);
    if (!fine) return wrong("type", fmt::format("one of {}", fmt::join(kTypes, ", ")));
    return {};
  }

  Result<void> patterns(const Json& schema, const std::string& where) {
    if (schema.contains("pattern")) {
      if (!schema["pattern"].is_string()) return malformed(where + "/pattern", "expected a string");
      if (auto done = pattern(schema["pattern"].get<std::string>(), where); !done) return done;
    }
    const auto by_name = schema.find("patternProperties");
    if (by_name == schema.end() || !by_name->is_object()) return {};
    for (const auto& [text, unused] : by_name->items()) {
      if (auto done = pattern(text, where); !done) return done;
    }
    return {};
  }

  Result<void> pattern(const std::string& text, const std::string& where) {
    if (out_.patterns.contains(text)) return {};
    if (text.size() > kMaxPattern) return malformed(where, "the pattern is too long");
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kPatternMemory);
    auto compiled = std::make_unique<const RE2>(text, options);
    if (!compiled->ok()) {
      return malformed(where, fmt::format("pattern {} is not RE2: {}", text, compiled->error()));
    }
    out_.patterns.emplace(text, std::move(compiled));
    return {};
  }

  Result<void> children(const Json& schema, const std::string& where, int depth) {
    for (const char* key : kSchemaKeys) {
      if (!schema.contains(key)) continue;
      if (auto done = compile(schema[key], where + "/" + key, depth + 1); !done) return done;
    }
    for (const char* key : kListKeys) {
      if (!schema.contains(key)) continue;
      const Json& list = schema[key];
      if (!list.is_array() || list.empty()) {
        return malformed(where + "/" + key, "expected a list of schemas");
      }
      for (std::size_t i = 0; i < list.size(); ++i) {
        auto done = compile(list[i], fmt::format("{}/{}/{}", where, key, i), depth + 1);
        if (!done) return done;
      }
    }
    for (const char* key : kMapKeys) {
      if (!schema.contains(key)) continue;
      if (!schema[key].is_object()) return malformed(where + "/" + key, "expected an object");
      for (const auto& [name, inner] : schema[key].items()) {
        auto done =
            compile(inner, fmt::format("{}/{}/{}", where, key, pointer_step(name)), depth + 1);
        if (!done) return done;
      }
    }
    return {};
  }

  Result<void> reference(const Json& schema, const std::string& where, int depth) {
    const auto found = schema.find("$ref");
    if (found == schema.end()) return {};
    if (!found->is_string()) return malformed(where + "/$ref", "expected a string");
    const auto& text = found->get_ref<const std::string&>();
    if (text != "#" && !text.starts_with("#/")) {
      return malformed(where + "/$ref",
                       fmt::format("expected a local reference (#/$defs/x); found {}", text));
    }
    const Json* target = &out_.root;
    std::string_view rest = std::string_view(text).substr(1);
    while (!rest.empty() && target != nullptr) {
      rest.remove_prefix(1);
      const std::size_t end = std::min(rest.find('/'), rest.size());
      target = child_of(*target, unescape_step(rest.substr(0, end)));
      rest.remove_prefix(end);
    }
    if (target == nullptr) return malformed(where + "/$ref", fmt::format("{} is missing", text));
    out_.references[text] = target;
    return compile(*target, text.substr(1), depth + 1);
  }

  CompiledSchema& out_;
  std::set<const Json*> seen_;
};

}  // namespace

Schema::Schema(std::shared_ptr<const CompiledSchema> compiled) : compiled_(std::move(compiled)) {}

Result<Schema> Schema::compile(const Json& schema) {
  auto compiled = std::make_shared<CompiledSchema>();
  compiled->root = schema;
  auto done = Compiler(*compiled).compile(compiled->root, "", 0);
  if (!done) return std::unexpected(done.error());
  return Schema(std::move(compiled));
}

}  // namespace pareto
