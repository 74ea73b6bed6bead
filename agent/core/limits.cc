#include "agent/core/limits.h"

#include <algorithm>
#include <cmath>

#include "agent/core/json_fields.h"

namespace pareto {
namespace {

template <class T>
std::optional<T> smaller(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a) return b;
  if (!b) return a;
  return std::min(*a, *b);
}

constexpr double kMaxSeconds = 1e9;

}  // namespace

Limits tightest(const Limits& a, const Limits& b) {
  return {smaller(a.usd, b.usd), smaller(a.turns, b.turns), smaller(a.seconds, b.seconds)};
}

Json to_json(const Limits& limits) {
  Json json = Json::object();
  if (limits.usd) json["usd"] = limits.usd->to_string();
  if (limits.turns) json["turns"] = *limits.turns;
  if (limits.seconds) json["seconds"] = static_cast<double>(limits.seconds->count()) / 1000;
  return json;
}

Result<Limits> limits_from_json(const Json& json) {
  JsonFields fields(json, "limits");
  fields.only({"usd", "turns", "seconds"});
  Limits limits;
  limits.usd = fields.optional_money("usd");
  if (limits.usd && *limits.usd < Money()) fields.add_error("usd", "must not be negative");
  if (fields.find("turns") != nullptr) {
    const std::int64_t turns = fields.integer("turns");
    if (turns < 0 || turns > INT32_MAX) fields.add_error("turns", "must be 0 or more");
    limits.turns = static_cast<int>(turns);
  }
  if (fields.find("seconds") != nullptr) {
    const double seconds = fields.number_or("seconds", 0);
    if (!(seconds >= 0) || seconds > kMaxSeconds) fields.add_error("seconds", "must be 0 or more");
    limits.seconds = Milliseconds(std::llround(std::clamp(seconds, 0.0, kMaxSeconds) * 1000));
  }
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return limits;
}

}  // namespace pareto
