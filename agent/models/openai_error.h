#pragma once

#include <string>
#include <string_view>

#include "agent/models/openai_model.h"

namespace pareto {

// What a response with an error status means, for a person: which model, what the provider said,
// what to check. Never contains the key.
Error status_error(const OpenaiOptions& options, const std::string& url, int status,
                   std::string_view body, int attempts);

// The error of an exchange that brought no response, or half of one.
Error exchange_error(const OpenaiOptions& options, const Error& error, int attempts);

// Whether the request certainly never left: no name, no connection, a refused address. By the words
// of agent/io/http_error.cc, as the code alone does not tell.
bool never_sent(const Error& error);

}  // namespace pareto
