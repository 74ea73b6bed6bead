#include "apps/proxy/wire.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"

namespace pareto {
namespace {

const char* type_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return "authentication_error";
    case 402:
      return "insufficient_quota";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    default:
      return status < 500 ? "invalid_request_error" : "server_error";
  }
}

Json error_json(int status, std::string_view code, std::string_view message) {
  return {{"error",
           {{"message", message}, {"type", type_of(status)}, {"param", nullptr}, {"code", code}}}};
}

Json model_json(const std::string& model) {
  return {{"id", model}, {"object", "model"}, {"created", 0}, {"owned_by", "pareto"}};
}

}  // namespace

HttpAnswer openai_error(int status, std::string_view code, std::string_view message) {
  return {.status = status, .body = dump_json(error_json(status, code, message))};
}

HttpAnswer anthropic_error(int status, std::string_view type, std::string_view message) {
  return {.status = status,
          .body = dump_json(
              Json{{"type", "error"}, {"error", {{"type", type}, {"message", message}}}})};
}

HttpAnswer model_list(const std::string& model) {
  return {.body = dump_json(Json{{"object", "list"}, {"data", Json::array({model_json(model)})}})};
}

HttpAnswer model_entry(const std::string& model) { return {.body = dump_json(model_json(model))}; }

std::string error_event(std::string_view code, std::string_view message) {
  return fmt::format("\n\ndata: {}\n\n", dump_json(error_json(502, code, message)));
}

std::string without_secret(std::string text, const std::string& secret) {
  if (secret.empty()) return text;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret)) {
    text.replace(at, secret.size(), "[key]");
  }
  return text;
}

}  // namespace pareto
