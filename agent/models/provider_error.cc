#include "agent/models/provider_error.h"

#include <array>

#include "agent/models/json_cursor.h"
#include "agent/models/utf8.h"

namespace pareto {
namespace {

bool contains_any(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text.find(word) != std::string_view::npos) return true;
  }
  return false;
}

void add_type(ProviderError& out, std::string_view word) {
  if (word.empty()) return;
  if (!out.type.empty()) out.type += ' ';
  out.type += word;
}

bool read_member(JsonCursor& json, std::string_view key, ProviderError& out) {
  const JsonCursor::Kind kind = json.peek();
  if (kind == JsonCursor::Kind::string) {
    if (key == "message" || key == "detail") return json.read_string(out.message);
    if (key == "code" || key == "type" || key == "status") {
      std::string word;
      if (!json.read_string(word)) return false;
      add_type(out, word);
      return true;
    }
  }
  if (kind == JsonCursor::Kind::number && (key == "code" || key == "status")) {
    std::int64_t status = 0;
    if (!json.read_integer(status)) return false;
    if (status >= 400 && status < 600) out.status = static_cast<int>(status);
    return true;
  }
  if (kind == JsonCursor::Kind::object && key == "error") return read_provider_error(json, out);
  if (key == "error" && kind == JsonCursor::Kind::string) return json.read_string(out.message);
  return json.skip();
}

bool is_context_error(const ProviderError& error) {
  return contains_any(error.type, {"exceed_context", "context_length", "context_window"}) ||
         contains_any(error.message, {"maximum context length", "available context size",
                                      "context window", "prompt is too long"});
}

}  // namespace

bool read_provider_error(JsonCursor& json, ProviderError& out) {
  if (json.peek() == JsonCursor::Kind::string) return json.read_string(out.message);
  std::string_view raw;
  if (!json.enter_object()) {
    if (!json.skip(raw)) return false;
    out.message = raw;
    return true;
  }
  std::string_view key;
  while (json.next_key(key)) read_member(json, key, out);
  return json.ok();
}

ProviderError parse_error_body(int status, std::string_view body) {
  ProviderError error;
  JsonCursor json(body);
  if (!read_provider_error(json, error) || error.message.empty()) {
    error.message = body.empty() ? "no text" : excerpt(body);
  }
  // The response's own status is what counts; a number in its body only fills in for a stream.
  if (status != 0) error.status = status;
  return error;
}

ErrorCode error_code_of(const ProviderError& error) {
  if (is_context_error(error)) return ErrorCode::limit;
  if (contains_any(error.type, {"insufficient_quota", "billing", "payment_required"})) {
    return ErrorCode::limit;
  }
  const int status = error.status;
  if (status == 401 || status == 403) return ErrorCode::denied;
  if (status == 402) return ErrorCode::limit;
  if (status == 404) return ErrorCode::not_found;
  if (status == 408 || status == 409 || status == 429 || status >= 500) {
    return ErrorCode::unavailable;
  }
  if (status >= 400) return ErrorCode::invalid;
  if (status != 0) return ErrorCode::protocol;
  if (contains_any(error.type, {"authentication", "permission"})) return ErrorCode::denied;
  if (contains_any(error.type, {"invalid", "BadRequest"})) return ErrorCode::invalid;
  return ErrorCode::unavailable;
}

std::string excerpt(std::string_view text, std::size_t size) {
  const bool cut = text.size() > size;
  if (cut) text = text.substr(0, size);
  if (cut) text = text.substr(0, complete_utf8(text));
  std::string out = valid_utf8(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return cut ? out + "..." : out;
}

}  // namespace pareto
