#pragma once

#include <string>
#include <string_view>

#include "agent/io/http_server.h"

namespace pareto {

// An error as OpenAI's API says it: {"error": {"message", "type", "param", "code"}}.
HttpAnswer openai_error(int status, std::string_view code, std::string_view message);
// An error as Anthropic's API says it.
HttpAnswer anthropic_error(int status, std::string_view type, std::string_view message);
// GET /v1/models of an API that has one model.
HttpAnswer model_list(const std::string& model);
// GET /v1/models/NAME: the one model, whatever name it is asked by.
HttpAnswer model_entry(const std::string& model);
// An error as the last event of a stream. What came before it may have been cut within a line.
std::string error_event(std::string_view code, std::string_view message);

// Every occurrence of the key is replaced; for texts of a provider.
std::string without_secret(std::string text, const std::string& secret);

}  // namespace pareto
