#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/money.h"
#include "agent/core/result.h"
#include "agent/core/time.h"

namespace pareto {

// Reads the fields of a JSON object. The first thing that is wrong is kept and named by its key, so
// that a reader is a list of reads and one check at the end. Values after an error are defaults.
//
//   JsonFields fields(json, "task");
//   task.id = fields.text("id");
//   task.sensitive = fields.flag_or("sensitive", false);
//   if (auto read = fields.done(); !read) return std::unexpected(read.error());
class JsonFields {
 public:
  JsonFields(const Json& json, std::string_view what);

  std::string text(std::string_view key);
  std::string text_or(std::string_view key, std::string fallback);
  std::int64_t integer(std::string_view key);
  std::int64_t integer_or(std::string_view key, std::int64_t fallback);
  double number_or(std::string_view key, double fallback);
  bool flag_or(std::string_view key, bool fallback);
  Milliseconds milliseconds_or(std::string_view key, Milliseconds fallback);
  Money money(std::string_view key);
  std::optional<Money> optional_money(std::string_view key);
  std::vector<std::string> texts(std::string_view key);  // absent: empty
  // The value of a key, or null when it is absent or JSON null.
  const Json* find(std::string_view key);
  // Like `find`, but an error when absent.
  const Json* need(std::string_view key);

  // Reads a nested value with a function returning Result<T>.
  template <class T, class Read>
  T nested(std::string_view key, Read read) {
    const Json* value = need(key);
    if (value == nullptr) return T{};
    return keep<T>(key, read(*value));
  }
  template <class T, class Read>
  std::vector<T> list(std::string_view key, Read read) {
    std::vector<T> values;
    const Json* array = find(key);
    if (array == nullptr) return values;
    if (!array->is_array()) {
      wrong(key, "a list");
      return values;
    }
    for (const Json& value : *array) values.push_back(keep<T>(key, read(value)));
    return values;
  }
  // Keeps the error of a result that belongs to `key`.
  template <class T>
  T keep(std::string_view key, Result<T> result) {
    if (result) return std::move(*result);
    add_error(key, result.error().message);
    return T{};
  }

  void add_error(std::string_view key, const std::string& text);
  // An error for every key that is not listed; `known` is what a person may have meant.
  void only(std::initializer_list<std::string_view> known);
  Result<void> done() const;

 private:
  void wrong(std::string_view key, std::string_view expected);

  const Json& json_;
  std::string what_;
  std::optional<Error> error_;
};

}  // namespace pareto
