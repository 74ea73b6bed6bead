#include "agent/models/openai_error.h"

#include <fmt/format.h>

#include "agent/models/provider_error.h"

namespace pareto {
namespace {

// Providers quote the key that they refuse.
std::string without_key(std::string text, const std::string& key) {
  if (key.empty()) return text;
  for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key)) {
    text.replace(at, key.size(), "[key]");
  }
  return text;
}

std::string advice(const OpenaiOptions& options, int status, ErrorCode code) {
  const std::string variable =
      options.api_key_env.empty() ? "the key" : "the variable " + options.api_key_env;
  if (code == ErrorCode::denied) {
    return options.api_key.empty()
               ? fmt::format("no key was sent; name its variable by api_key_env and set it")
               : fmt::format("check {}, and whether it may use this model", variable);
  }
  if (code == ErrorCode::not_found) {
    return fmt::format("check base_url, and that the provider has a model named \"{}\"",
                       options.model);
  }
  if (code == ErrorCode::limit) {
    return "shorten the prompt, or raise the context or the quota";
  }
  if (status == 429) return "the rate limit was hit; try later or run fewer jobs at once";
  if (code == ErrorCode::unavailable) return "try later, and look into the server's log";
  return "the request was refused; check the model's configuration";
}

std::string attempts_text(int attempts) {
  return attempts > 1 ? fmt::format(" after {} attempts", attempts) : "";
}

}  // namespace

Error status_error(const OpenaiOptions& options, const std::string& url, int status,
                   std::string_view body, int attempts) {
  const ProviderError error = parse_error_body(status, body);
  const ErrorCode code = error_code_of(error);
  return {code, fmt::format("model \"{}\": {} answered {}{}: {}; {}", options.info.name, url,
                            status, attempts_text(attempts),
                            without_key(excerpt(error.message, 500), options.api_key),
                            advice(options, status, code))};
}

Error exchange_error(const OpenaiOptions& options, const Error& error, int attempts) {
  return {error.code, fmt::format("model \"{}\"{}: {}", options.info.name, attempts_text(attempts),
                                  without_key(error.message, options.api_key))};
}

bool never_sent(const Error& error) {
  if (error.code == ErrorCode::invalid || error.code == ErrorCode::denied) return true;
  for (const char* words : {"no connection (", "no connection within", "of the host was not found",
                            "of the proxy was not found"}) {
    if (error.message.find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace pareto
