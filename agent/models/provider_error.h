#pragma once

#include <string>
#include <string_view>

#include "agent/core/result.h"

namespace pareto {

class JsonCursor;

// An error as a provider reports it: {"code", "type", "message"} in any selection and spelling.
struct ProviderError {
  int status = 0;    // of HTTP, or a numeric code; 0: none
  std::string type;  // type and textual code, separated by a space
  std::string message;
};

// Reads the value of "error": an object or a string. False when the JSON is broken.
bool read_provider_error(JsonCursor& json, ProviderError& out);

// The error object within the body of a response that failed: {"error": ...}, or the bare object,
// or {"detail": ...}. When there is none the message quotes the beginning of the body.
ProviderError parse_error_body(int status, std::string_view body);

// unavailable: overload and faults of the server; limit: context or quota used up; denied: key;
// not_found; invalid: everything else that the request is blamed for.
ErrorCode error_code_of(const ProviderError& error);

// At most `size` bytes of untrusted text on one line, for error messages.
std::string excerpt(std::string_view text, std::size_t size = 200);

}  // namespace pareto
