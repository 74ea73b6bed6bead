#pragma once

#include <string>

#include "agent/core/result.h"
#include "agent/io/http_server.h"

namespace pareto {

// An error as RFC 9457 says it: application/problem+json with type, title, status and detail.
HttpAnswer problem(int status, const std::string& detail);
// The status that fits the code: 400, 404, 409, 429, 503 or 500.
HttpAnswer problem(const Error& error);

}  // namespace pareto
