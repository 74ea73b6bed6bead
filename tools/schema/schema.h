#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/result.h"

namespace pareto {

struct CompiledSchema;

// The part of JSON Schema 2020-12 that tools use: type, properties, patternProperties, required,
// additionalProperties, propertyNames, minProperties, maxProperties, enum, const, items,
// prefixItems, contains, minItems, maxItems, uniqueItems, minLength, maxLength, minimum, maximum,
// exclusiveMinimum, exclusiveMaximum, multipleOf, pattern (RE2), anyOf, oneOf, allOf, not, if,
// then, else, local $ref ("#", "#/$defs/x"), $defs. Other keywords are annotations and are ignored.
//
//   auto schema = Schema::compile(spec);
//   for (const std::string& error : schema->check(arguments)) ...
//
// Immutable after compile and usable from several threads. Copies share the compiled form.
class Schema {
 public:
  // Depth of a schema and of a value, references included.
  static constexpr int kMaxDepth = 64;
  // Comparisons of one check; past it the value is refused.
  static constexpr int kMaxSteps = 100'000;
  static constexpr std::size_t kMaxErrors = 8;

  // invalid: the schema is malformed, too deep, refers outside of itself or to nothing, or has a
  // pattern that RE2 refuses. The message starts with a JSON Pointer into the schema.
  static Result<Schema> compile(const Json& schema);

  // What is wrong with `value`, each as "/path: expected string, found number" ("/" is the whole
  // value); at most kMaxErrors of them; empty when it satisfies the schema.
  std::vector<std::string> check(const Json& value) const;

 private:
  explicit Schema(std::shared_ptr<const CompiledSchema> compiled);
  std::shared_ptr<const CompiledSchema> compiled_;
};

}  // namespace pareto
