#include "agent/core/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace pareto {
namespace {

// Whether brackets nest deeper than `max_depth`; strings are skipped, nothing is built.
bool too_deep(std::string_view text, int max_depth) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> parse_json(std::string_view text, int max_depth) {
  if (too_deep(text, max_depth)) {
    return fail(ErrorCode::invalid,
                fmt::format("expected JSON nested at most {} levels deep; found more", max_depth));
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const std::string_view before = text.substr(0, error.byte == 0 ? 0 : error.byte - 1);
    const auto line = std::ranges::count(before, '\n') + 1;
    const std::size_t newline = before.rfind('\n');
    const std::size_t column =
        newline == std::string_view::npos ? before.size() + 1 : before.size() - newline;
    return fail(ErrorCode::invalid,
                fmt::format("not valid JSON at line {}, column {}", line, column));
  } catch (const Json::exception& error) {
    return fail(ErrorCode::invalid, fmt::format("not valid JSON: {}", error.what()));
  }
}

Result<void> each_json_line(std::string_view text, std::string_view place,
                            const std::function<Result<void>(Json, int)>& take) {
  int number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto json = parse_json(line);
    const Result<void> taken =
        json ? take(std::move(*json), number) : std::unexpected(std::move(json.error()));
    if (!taken) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}{}: {}", place, number, taken.error().message));
    }
  }
  return {};
}

std::string dump_json(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace pareto
