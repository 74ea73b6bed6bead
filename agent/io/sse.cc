#include "agent/io/sse.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace pareto {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

void SseParser::begin(std::string_view chunk) {
  rest_ = over_ ? std::string_view() : chunk;
  if (mark_ < kByteOrderMark.size()) skip_byte_order_mark();
  chunk_has_cr_ = !rest_.empty() && std::memchr(rest_.data(), '\r', rest_.size()) != nullptr;
}

void SseParser::skip_byte_order_mark() {
  while (mark_ < kByteOrderMark.size() && !rest_.empty()) {
    if (rest_.front() != kByteOrderMark[mark_]) {
      // What looked like a mark begins the first line.
      line_.assign(kByteOrderMark.substr(0, mark_));
      mark_ = kByteOrderMark.size();
      return;
    }
    rest_.remove_prefix(1);
    ++mark_;
  }
}

bool SseParser::next(SseEvent& event) {
  if (event_handed_out_) begin_event();
  std::string_view line;
  while (take_line(line)) {
    if (line.empty()) {
      if (dispatch(event)) return true;
    } else {
      field(line);
    }
    if (over_) return false;
  }
  return false;
}

Result<void> SseParser::finish() {
  if (over_) {
    return fail(ErrorCode::limit,
                fmt::format("The event stream holds a line or an event larger than the {} bytes "
                            "allowed; the server sends no usable event stream.",
                            limit_));
  }
  keep_views();
  return {};
}

bool SseParser::take_line(std::string_view& line) {
  if (line_handed_out_) {
    line_handed_out_ = false;
    line_.clear();
  }
  if (after_cr_ && !rest_.empty()) {
    after_cr_ = false;
    if (rest_.front() == '\n') rest_.remove_prefix(1);
  }
  if (rest_.empty()) return false;
  const std::size_t end = line_end();
  if (line_.size() + std::min(end, rest_.size()) > limit_) {
    over_ = true;
    return false;
  }
  if (end == std::string_view::npos) {
    line_.append(rest_);
    rest_ = {};
    return false;
  }
  after_cr_ = rest_[end] == '\r';
  line = rest_.substr(0, end);
  if (!line_.empty()) {
    line_.append(line);
    line = line_;
    line_handed_out_ = true;
  }
  rest_.remove_prefix(end + 1);
  return true;
}

std::size_t SseParser::line_end() const {
  if (!chunk_has_cr_) return rest_.find('\n');
  for (std::size_t i = 0; i < rest_.size(); ++i) {
    if (rest_[i] == '\n' || rest_[i] == '\r') return i;
  }
  return std::string_view::npos;
}

void SseParser::field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == 0) return;
  const std::string_view name = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    add_data(value);
  } else if (name == "event") {
    type_.view = value;
    type_.copied = false;
    if (line_handed_out_) type_.keep();
  } else if (name == "id") {
    if (value.find('\0') != std::string_view::npos) return;
    id_buffer_.assign(value);
    id_changed_ = true;
  } else if (name == "retry") {
    std::uint64_t ms = 0;
    const char* last = value.data() + value.size();
    const auto [end, error] = std::from_chars(value.data(), last, ms);
    if (error == std::errc() && end == last) retry_ms_ = ms;
  }
}

void SseParser::add_data(std::string_view value) {
  if (!has_data_) {
    has_data_ = true;
    data_.view = value;
    data_.copied = false;
    // The line's buffer is reused for the next line.
    if (line_handed_out_) data_.keep();
  } else {
    if (data_.view.size() + 1 + value.size() > limit_) {
      over_ = true;
      return;
    }
    data_.keep();
    data_.owned.push_back('\n');
    data_.owned.append(value);
    data_.view = data_.owned;
  }
}

bool SseParser::dispatch(SseEvent& event) {
  if (id_changed_) {
    id_.assign(id_buffer_);
    id_changed_ = false;
  }
  if (!has_data_) {
    begin_event();
    return false;
  }
  event.data = data_.view;
  event.type = type_.view.empty() ? std::string_view("message") : type_.view;
  event.id = id_;
  event_handed_out_ = true;
  return true;
}

void SseParser::begin_event() {
  event_handed_out_ = false;
  has_data_ = false;
  data_.view = {};
  data_.copied = false;
  type_.view = {};
  type_.copied = false;
}

// The chunk's bytes are about to go away.
void SseParser::keep_views() {
  if (has_data_) data_.keep();
  if (!type_.view.empty()) type_.keep();
}

}  // namespace pareto
