#pragma once

#include <string>

#include "agent/core/json.h"
#include "agent/core/route.h"

namespace pareto {

// A route for a person: the reason, then one line an arm with p, cost, score, propensity and why.
// Plain text, ends with a line end.
std::string explain(const Route& route);

// {"mode","model","effort","arms":[{"arm","eligible","why","p","cost_usd","score","propensity"}]},
// as `pareto run --dry-run --json` prints it. An unknown cost is null.
Json explain_json(const Route& route);

}  // namespace pareto
