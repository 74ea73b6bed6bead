#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "agent/io/http_client.h"

namespace pareto {

// Why an exchange failed where curl's own code does not say it.
enum class HttpStop { none, body_too_large, head_too_large, stalled, deadline, address_denied };

// What is known of a failed exchange. Internal to agent/io.
struct HttpFailure {
  HttpMethod method = HttpMethod::get;
  std::string_view url;
  CURLcode code = CURLE_OK;
  HttpStop stop = HttpStop::none;
  std::string_view detail;   // curl's own words, or the denied address
  std::size_t received = 0;  // bytes of body
  std::size_t response_limit = 0;
  Milliseconds stall{0};
  Milliseconds connect_timeout{0};
};

// In words: which URL, what happened, what to do.
Error http_error(const HttpFailure& failure);

}  // namespace pareto
