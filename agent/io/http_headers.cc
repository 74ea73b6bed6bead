#include "agent/io/http_headers.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <new>

namespace pareto {

namespace {

bool is_token_character(unsigned char c) {
  if (c >= 'a' && c <= 'z') return true;
  if (c >= 'A' && c <= 'Z') return true;
  if (c >= '0' && c <= '9') return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
}

bool breaks_line(unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; }

bool names(const HttpHeaders::List& headers, const char* name) {
  return std::any_of(headers.begin(), headers.end(), [name](const auto& header) {
    return strcasecmp(header.first.c_str(), name) == 0;
  });
}

}  // namespace

void HttpHeaders::Lines::add(const std::string& line) {
  // Appending to the last element spares curl the walk from the first.
  curl_slist* added = curl_slist_append(nullptr, line.c_str());
  if (added == nullptr) throw std::bad_alloc();
  (last_ == nullptr ? first : last_->next) = added;
  last_ = added;
}

HttpHeaders::~HttpHeaders() = default;

Result<std::shared_ptr<const HttpHeaders>> HttpHeaders::make(const List& headers) {
  std::shared_ptr<HttpHeaders> made(new HttpHeaders);
  made->lines_ = std::make_unique<Lines>();
  for (const auto& [name, value] : headers) {
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_character)) {
      return fail(ErrorCode::invalid,
                  fmt::format("\"{}\" is no name of an HTTP header: use letters, digits and "
                              "hyphens.",
                              name));
    }
    if (std::any_of(value.begin(), value.end(), breaks_line)) {
      // The value may be a key: it is not shown.
      return fail(ErrorCode::invalid,
                  fmt::format("The value of the HTTP header {} holds a line end or another control "
                              "character; check the variable or file that it comes from.",
                              name));
    }
    made->lines_->add(value.empty() ? name + ";" : name + ": " + value);
  }
  // A name without a value makes curl leave its own header out: a body is sent without waiting for
  // "100 Continue", and without a content type that nobody asked for.
  if (!names(headers, "expect")) made->lines_->add("Expect:");
  if (!names(headers, "content-type")) made->lines_->add("Content-Type:");
  return made;
}

}  // namespace pareto
