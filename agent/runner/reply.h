#pragma once

#include "agent/core/event.h"
#include "agent/core/model.h"
#include "agent/core/tool.h"

namespace pareto {

// How a call is paid and what of its reply joins the history. What was used is paid at the price of
// `model`; a call that reached the provider and has no usage is settled at its reservation, marked
// estimated; one that never left owes nothing. Tool calls get ids that are unique within the
// message, and at most kMostToolCalls of them are kept.
CallEnded settle(const CallBegun& begun, const ModelInfo& model, Reply reply);

}  // namespace pareto
