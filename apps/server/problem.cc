#include "apps/server/problem.h"

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"

namespace pareto {
namespace {

const char* title_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return 400;
    case ErrorCode::denied:
      return 409;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::limit:
      return 429;
    case ErrorCode::timeout:
    case ErrorCode::unavailable:
    case ErrorCode::protocol:
      return 503;
    case ErrorCode::cancelled:
    case ErrorCode::internal:
      return 500;
  }
  return 500;
}

}  // namespace

HttpAnswer problem(int status, const std::string& detail) {
  HttpAnswer answer{.status = status, .content_type = "application/problem+json"};
  answer.body = dump_json(Json{{"type", "about:blank"},
                               {"title", title_of(status)},
                               {"status", status},
                               {"detail", detail}});
  if (status == 401) answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (status == 429 || status == 503) answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

HttpAnswer problem(const Error& error) { return problem(status_of(error.code), error.message); }

}  // namespace pareto
