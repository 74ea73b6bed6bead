#include "agent/models/reply_json.h"

#include <array>
#include <utility>

#include "agent/core/json_fields.h"
#include "agent/core/outcome.h"

namespace pareto {
namespace {

Result<ErrorCode> parse_code(std::string_view text) {
  constexpr std::array kCodes{ErrorCode::invalid,     ErrorCode::denied,    ErrorCode::not_found,
                              ErrorCode::timeout,     ErrorCode::cancelled, ErrorCode::limit,
                              ErrorCode::unavailable, ErrorCode::protocol,  ErrorCode::internal};
  std::string known;
  for (const ErrorCode code : kCodes) {
    if (text == to_string(code)) return code;
    known += known.empty() ? "" : ", ";
    known += to_string(code);
  }
  return fail(ErrorCode::invalid, "expected one of " + known);
}

}  // namespace

Result<Error> error_from_json(const Json& json) {
  JsonFields fields(json, "error");
  Error error;
  error.code = fields.keep<ErrorCode>("code", parse_code(fields.text("code")));
  error.message = fields.text_or("message", "");
  fields.only({"code", "message"});
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return error;
}

Json to_json(const Reply& reply) {
  Json json = Json::object();
  if (reply.message) json["message"] = to_json(*reply.message);
  if (reply.usage) json["usage"] = to_json(*reply.usage);
  json["finish_reason"] = to_string(reply.finish_reason);
  if (reply.error) {
    json["error"] = {{"code", to_string(reply.error->code)}, {"message", reply.error->message}};
  }
  json["sent"] = reply.sent;
  json["attempts"] = reply.attempts;
  json["took_ms"] = reply.took.count();
  return json;
}

Result<Reply> reply_from_json(const Json& json) {
  JsonFields fields(json, "reply");
  Reply reply;
  if (fields.find("message") != nullptr) {
    reply.message = fields.nested<Message>("message", message_from_json);
  }
  if (fields.find("usage") != nullptr) {
    reply.usage = fields.nested<Usage>("usage", usage_from_json);
  }
  reply.finish_reason = fields.keep<FinishReason>(
      "finish_reason", parse_finish_reason(fields.text_or("finish_reason", "unknown")));
  if (fields.find("error") != nullptr) {
    reply.error = fields.nested<Error>("error", error_from_json);
  }
  reply.sent = fields.flag_or("sent", true);
  reply.attempts = static_cast<int>(fields.integer_or("attempts", 1));
  reply.took = Milliseconds(fields.integer_or("took_ms", 0));
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return reply;
}

}  // namespace pareto
