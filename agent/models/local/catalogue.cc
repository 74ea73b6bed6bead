#include "agent/models/local/catalogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "agent/core/json.h"
#include "agent/models/local/embedded.h"
#include "agent/text/nearest_name.h"

namespace pareto {
namespace {

// Reads keys of one object; the first failure is kept, so that readers need not check each.
class Reader {
 public:
  Reader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  std::string text(const char* key) {
    const auto found = json_.find(key);
    if (found != json_.end() && found->is_string()) return found->get<std::string>();
    complain(key, "a string");
    return {};
  }

  std::int64_t number(const char* key) {
    const auto found = json_.find(key);
    if (found != json_.end() && found->is_number_integer()) return found->get<std::int64_t>();
    complain(key, "an integer");
    return 0;
  }

  const Json& child(const char* key, Json::value_t type) {
    static const Json empty;
    const auto found = json_.find(key);
    if (found != json_.end() && found->type() == type) return *found;
    complain(key, type == Json::value_t::array ? "a list" : "an object");
    return empty;
  }

  void complain(const char* key, std::string_view expected) {
    if (problem_.empty())
      problem_ = fmt::format("{}: expected \"{}\" to be {}", where_, key, expected);
  }

  const std::string& problem() const { return problem_; }

 private:
  const Json& json_;
  std::string where_;
  std::string problem_;
};

Result<Price> read_price(const Json& json, const std::string& where) {
  Reader reader(json, where + " price");
  Price price;
  const std::pair<const char*, Money*> fields[] = {{"input", &price.input},
                                                   {"cached_input", &price.cached_input},
                                                   {"cache_write", &price.cache_write},
                                                   {"output", &price.output}};
  for (const auto& [key, target] : fields) {
    Result<Money> money = Money::parse(reader.text(key));
    if (!reader.problem().empty()) return fail(ErrorCode::invalid, reader.problem());
    if (!money)
      return fail(ErrorCode::invalid, fmt::format("{} {}: {}", where, key, money.error().message));
    *target = *money;
  }
  return price;
}

Result<WeightsSource> read_source(const Json& json, const std::string& where) {
  Reader reader(json, where + " source");
  WeightsSource source;
  const std::string type = reader.text("type");
  source.name = reader.text("name");
  if (type == "https") {
    source.url = reader.text("url");
  } else if (type == "wheels") {
    source.type = WeightsSource::Type::wheels;
    source.package = reader.text("package");
    source.version = reader.text("version");
    source.parts = static_cast<int>(reader.number("parts"));
    if (source.parts < 1 || source.parts > 99) reader.complain("parts", "1 to 99");
  } else {
    reader.complain("type", "https or wheels");
  }
  if (!reader.problem().empty()) return fail(ErrorCode::invalid, reader.problem());
  return source;
}

bool is_plain_file_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string_view::npos;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<WeightsEntry> read_entry(const Json& json) {
  WeightsEntry entry;
  if (!json.is_object()) return fail(ErrorCode::invalid, "catalogue: expected an object an entry");
  entry.name =
      json.value("name", Json("weights")).is_string() ? json.value("name", "weights") : "weights";
  Reader reader(json, "catalogue entry " + entry.name);
  entry.name = reader.text("name");
  entry.title = reader.text("title");
  entry.licence = reader.text("licence");
  entry.file = reader.text("file");
  entry.bytes = reader.number("bytes");
  entry.sha256 = reader.text("sha256");
  if (!is_plain_file_name(entry.file)) reader.complain("file", "a file name");
  if (!is_sha256(entry.sha256)) reader.complain("sha256", "64 lower-case hexadecimal digits");
  Reader facts(reader.child("template", Json::value_t::object), "catalogue entry " + entry.name);
  const Json& sources = reader.child("sources", Json::value_t::array);
  const Json& price = reader.child("price", Json::value_t::object);
  if (!reader.problem().empty()) return fail(ErrorCode::invalid, reader.problem());
  entry.context = facts.number("context");
  const Result<ToolDialect> tools = parse_tool_dialect(facts.text("tools"));
  if (!facts.problem().empty()) return fail(ErrorCode::invalid, facts.problem());
  if (!tools) return std::unexpected(tools.error());
  entry.tools = *tools;
  const Result<Price> read = read_price(price, entry.name);
  if (!read) return std::unexpected(read.error());
  entry.price = *read;
  for (const Json& source : sources) {
    Result<WeightsSource> one = read_source(source, entry.name);
    if (!one) return std::unexpected(one.error());
    entry.sources.push_back(*std::move(one));
  }
  return entry;
}

}  // namespace

Result<Catalogue> Catalogue::built_in() { return parse(embedded_catalogue()); }

Result<Catalogue> Catalogue::parse(std::string_view json) {
  const Json root = Json::parse(json, nullptr, false);
  if (!root.is_object()) return fail(ErrorCode::invalid, "catalogue: expected a JSON object");
  Reader reader(root, "catalogue");
  Reader engine(reader.child("engine", Json::value_t::object), "catalogue engine");
  const Json& weights = reader.child("weights", Json::value_t::array);
  if (!reader.problem().empty()) return fail(ErrorCode::invalid, reader.problem());
  Catalogue catalogue;
  catalogue.engine_ = {engine.text("package"), engine.text("version"), engine.text("licence"),
                       engine.number("bytes")};
  if (!engine.problem().empty()) return fail(ErrorCode::invalid, engine.problem());
  for (const Json& entry : weights) {
    Result<WeightsEntry> one = read_entry(entry);
    if (!one) return std::unexpected(one.error());
    catalogue.entries_.push_back(*std::move(one));
  }
  return catalogue;
}

Result<WeightsEntry> Catalogue::find(std::string_view name) const {
  std::vector<std::string> names;
  for (const WeightsEntry& entry : entries_) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  const std::optional<std::string> nearest = nearest_name(name, names);
  const std::string hint = nearest ? fmt::format("did you mean \"{}\"?", *nearest)
                                   : fmt::format("known are {}", fmt::join(names, ", "));
  return fail(ErrorCode::not_found, fmt::format("unknown weights \"{}\"; {}", name, hint));
}

}  // namespace pareto
