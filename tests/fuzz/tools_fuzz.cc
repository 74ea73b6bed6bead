#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "agent/core/json_text.h"
#include "tools/arguments.h"
#include "tools/builtin/edit_text.h"
#include "tools/builtin/spec.h"
#include "tools/corpus/terms.h"
#include "tools/output.h"
#include "tools/plugin/described.h"
#include "tools/schema/schema.h"
#include "tools/test_counts.h"
#include "tools/workspace/folder.h"
#include "tools/workspace/unified_diff.h"

// What tools do with bytes that a model, a plugin or a command wrote. The first byte chooses which,
// zero bytes separate the parts.

namespace pareto {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view next_part(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\0'), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

void edit(std::string_view rest) {
  const std::string_view content = next_part(rest);
  const std::string_view old = next_part(rest);
  const auto done = replace_once(content, old, rest);
  if (!done) return;
  require(done->last_line + 1 >= done->first_line);
  // What lies around an exact match stays.
  if (!done->rule.empty()) return;
  // A byte order mark is no part of what is searched.
  const bool marked = content.starts_with("\xEF\xBB\xBF") && !old.starts_with("\xEF\xBB\xBF");
  const std::size_t at = content.find(old, marked ? 3 : 0);
  require(at != std::string_view::npos);
  require(done->text.size() + old.size() == content.size() + rest.size());
  require(done->text.starts_with(content.substr(0, at)));
  require(done->text.ends_with(content.substr(at + old.size())));
}

void schema(std::string_view rest) {
  const auto text = parse_json(next_part(rest));
  if (!text) return;
  const auto compiled = Schema::compile(*text);
  if (!compiled) return;
  if (const auto value = parse_json(rest)) require(compiled->check(*value).size() <= 8);
}

void arguments(std::string_view rest) {
  ToolSpec spec{.name = "tool",
                .parameters = parameters_of({{"path", "string", Need::required, ""},
                                             {"start", "integer", Need::optional, ""},
                                             {"all", "boolean", Need::optional, ""}})};
  const Schema compiled = Schema::compile(*spec.parameters).value();
  const auto read = read_arguments(rest, spec, compiled);
  if (read) {
    require(compiled.check(*read).empty());
    require(integer_argument(*read, "start", 1) != INT64_MIN);
  } else {
    require(is_valid_utf8(read.error().message));
  }
}

void texts(std::string_view rest) {
  require(is_valid_utf8(to_valid_utf8(rest)));
  const std::string valid = to_valid_utf8(rest);
  require(is_valid_utf8(clip_output(valid, 5, 7)));
  require(best_snippet(valid, query_terms(valid), 30).size() <= 60);
  if (const auto counts = count_tests(rest)) require(!to_string(*counts).empty());
  if (const auto path = Folder::normal(rest)) require(!("/" + *path + "/").contains("/../"));
  if (const auto reply = read_reply(rest)) require(reply->call_id.empty());
  if (const auto specs = read_described(rest)) require(!specs->empty());
  const std::string_view before = next_part(rest);
  require(unified_hunks(before, rest).empty() == (before == rest));
}

}  // namespace
}  // namespace pareto

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      pareto::edit(rest);
      break;
    case 1:
      pareto::schema(rest);
      break;
    case 2:
      pareto::arguments(rest);
      break;
    default:
      pareto::texts(rest);
  }
  return 0;
}
