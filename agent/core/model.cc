#include "agent/core/model.h"

#include "agent/core/names.h"

namespace pareto {
namespace {

constexpr NameTable<ToolDialect, 3> kDialects{{{ToolDialect::native, "native"},
                                               {ToolDialect::schema, "schema"},
                                               {ToolDialect::text, "text"}}};
constexpr NameTable<FinishReason, 5> kFinishReasons{{{FinishReason::stop, "stop"},
                                                     {FinishReason::tool_calls, "tool_calls"},
                                                     {FinishReason::length, "length"},
                                                     {FinishReason::refusal, "refusal"},
                                                     {FinishReason::unknown, "unknown"}}};

}  // namespace

const char* to_string(ToolDialect dialect) { return name_in(kDialects, dialect); }
Result<ToolDialect> parse_tool_dialect(std::string_view text) {
  return value_in(kDialects, text, "tool dialect");
}
const char* to_string(FinishReason reason) { return name_in(kFinishReasons, reason); }
Result<FinishReason> parse_finish_reason(std::string_view text) {
  return value_in(kFinishReasons, text, "finish reason");
}

std::int64_t Model::prompt_bytes_of(std::span<const ToolSpec>) const { return 0; }

}  // namespace pareto
