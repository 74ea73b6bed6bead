#include "agent/runner/reply.h"

#include <fmt/format.h>

#include <set>
#include <string>

namespace pareto {
namespace {

void make_ids_unique(const CallId& call, Message& message) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < message.tool_calls.size(); ++i) {
    std::string& id = message.tool_calls[i].id;
    if (id.empty() || !seen.insert(id).second) {
      id = fmt::format("{}-{}", call.value, i);
      seen.insert(id);
    }
  }
}

}  // namespace

CallEnded settle(const CallBegun& begun, const ModelInfo& model, Reply reply) {
  CallEnded ended{.call = begun.call,
                  .usage = reply.usage,
                  .message = std::move(reply.message),
                  .finish_reason = reply.finish_reason,
                  .error = std::move(reply.error),
                  .attempts = reply.attempts,
                  .took = reply.took};
  if (ended.message) {
    if (ended.message->tool_calls.size() > kMostToolCalls) {
      ended.message->tool_calls.resize(kMostToolCalls);
    }
    make_ids_unique(begun.call, *ended.message);
  }
  if (!ended.message && !ended.error) {
    ended.error = Error{ErrorCode::protocol, "the model's reply was empty"};
  }
  if (!begun.priced || !model.price) return ended;
  if (reply.usage) {
    ended.settled = cost_of(*reply.usage, *model.price);
  } else if (reply.sent) {
    ended.settled = begun.reserved;
    ended.estimated = true;
  }
  return ended;
}

}  // namespace pareto
