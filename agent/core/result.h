#pragma once

#include <expected>
#include <string>
#include <utility>

namespace pareto {

enum class ErrorCode {
  invalid,      // the caller's input is wrong; repeating it can't help
  denied,       // a permission or an approval is missing
  not_found,    // a named thing does not exist
  timeout,      // a deadline passed
  cancelled,    // somebody asked to stop
  limit,        // a budget, size or count is used up
  unavailable,  // an outside service can't be reached now; a retry may help
  protocol,     // an outside service answered something that makes no sense
  internal,     // a bug, or a machine failure such as a full disk
};

// What went wrong, for a person: what was expected, what was found, what to do.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

const char* to_string(ErrorCode code);

}  // namespace pareto
