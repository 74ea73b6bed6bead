#include "agent/core/result.h"

namespace pareto {

const char* to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return "invalid";
    case ErrorCode::denied:
      return "denied";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::limit:
      return "limit";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::protocol:
      return "protocol";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace pareto
