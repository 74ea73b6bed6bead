#pragma once

#include "agent/core/json.h"
#include "agent/core/model.h"

namespace pareto {

// {"message", "usage", "finish_reason", "error": {"code", "message"}, "sent", "attempts",
// "took_ms"}; what is absent in the reply is left out.
Json to_json(const Reply& reply);
Result<Reply> reply_from_json(const Json& json);

Result<Error> error_from_json(const Json& json);

}  // namespace pareto
