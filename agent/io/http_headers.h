#pragma once

#include <curl/curl.h>

#include "agent/io/http_client.h"

namespace pareto {

// The lines as curl takes them. Internal to agent/io.
struct HttpHeaders::Lines {
  Lines() = default;
  ~Lines() { curl_slist_free_all(first); }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  void add(const std::string& line);

  curl_slist* first = nullptr;

 private:
  curl_slist* last_ = nullptr;
};

}  // namespace pareto
