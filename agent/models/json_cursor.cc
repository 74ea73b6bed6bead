#include "agent/models/json_cursor.h"

#include <charconv>
#include <cmath>

#include "agent/models/utf8.h"

namespace pareto {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

void JsonCursor::skip_space() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
    ++at_;
  }
}

bool JsonCursor::fail() {
  ok_ = false;
  return false;
}

bool JsonCursor::take(char c) {
  if (!ok_) return false;
  skip_space();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

JsonCursor::Kind JsonCursor::peek() {
  if (!ok_) return Kind::none;
  skip_space();
  if (at_ >= text_.size()) return Kind::none;
  switch (text_[at_]) {
    case '{':
      return Kind::object;
    case '[':
      return Kind::array;
    case '"':
      return Kind::string;
    case 't':
    case 'f':
      return Kind::boolean;
    case 'n':
      return Kind::null;
    default:
      return text_[at_] == '-' || is_digit(text_[at_]) ? Kind::number : Kind::none;
  }
}

bool JsonCursor::enter(char open) {
  if (!take(open)) return false;
  if (depth_ >= kMaxJsonDepth) return fail();
  started_ &= ~(std::uint64_t{1} << depth_);
  ++depth_;
  return true;
}

bool JsonCursor::enter_object() { return enter('{'); }
bool JsonCursor::enter_array() { return enter('['); }

bool JsonCursor::next(char close) {
  if (!ok_ || depth_ == 0) return fail();
  const std::uint64_t bit = std::uint64_t{1} << (depth_ - 1);
  if (take(close)) {
    --depth_;
    return false;
  }
  if ((started_ & bit) != 0 && !take(',')) return fail();
  started_ |= bit;
  return true;
}

bool JsonCursor::next_element() {
  if (!next(']')) return false;
  return peek() != Kind::none || fail();
}

bool JsonCursor::next_key(std::string_view& key) {
  if (!next('}')) return false;
  if (peek() != Kind::string) return fail();
  const std::size_t start = at_;
  if (!scan_string(nullptr, &key)) return false;
  if (key.find('\\') != std::string_view::npos) {
    at_ = start;
    key_.clear();
    if (!scan_string(&key_, nullptr)) return false;
    key = key_;
  }
  return take(':') || fail();
}

bool JsonCursor::hex4(char32_t& unit) {
  if (text_.size() - at_ < 4) return fail();
  std::uint16_t value = 0;
  const char* begin = text_.data() + at_;
  const auto [end, error] = std::from_chars(begin, begin + 4, value, 16);
  if (error != std::errc() || end != begin + 4) return fail();
  at_ += 4;
  unit = value;
  return true;
}

// Reads what follows a backslash. Surrogates are joined here when both halves are in this string,
// else kept as they are for append_valid_utf8.
bool JsonCursor::escape(std::string* out) {
  if (at_ >= text_.size()) return fail();
  const char c = text_[at_++];
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
  if (const std::size_t i = kNames.find(c); i != std::string_view::npos) {
    if (out != nullptr) *out += kValues[i];
    return true;
  }
  char32_t unit = 0;
  if (c != 'u' || !hex4(unit)) return fail();
  if (unit >= 0xD800 && unit <= 0xDBFF && text_.substr(at_, 2) == "\\u") {
    const std::size_t back = at_;
    at_ += 2;
    char32_t low = 0;
    if (!hex4(low)) return false;
    if (low >= 0xDC00 && low <= 0xDFFF) {
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    } else {
      at_ = back;
    }
  }
  if (out != nullptr) append_code_point(*out, unit);
  return true;
}

bool JsonCursor::scan_string(std::string* out, std::string_view* raw) {
  if (!take('"')) return fail();
  const std::size_t begin = at_;
  std::size_t plain = at_;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '"') {
      if (out != nullptr) out->append(text_.substr(plain, at_ - plain));
      if (raw != nullptr) *raw = text_.substr(begin, at_ - begin);
      ++at_;
      return true;
    }
    if (static_cast<unsigned char>(c) < 0x20) return fail();
    ++at_;
    if (c != '\\') continue;
    if (out != nullptr) out->append(text_.substr(plain, at_ - 1 - plain));
    if (!escape(out)) return false;
    plain = at_;
  }
  return fail();
}

bool JsonCursor::read_string(std::string& out) { return scan_string(&out, nullptr); }

bool JsonCursor::scan_number(std::string_view& raw) {
  skip_space();
  const std::size_t begin = at_;
  const auto at = [this](char c) { return at_ < text_.size() && text_[at_] == c; };
  const auto digits = [this] {
    const std::size_t first = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ > first;
  };
  if (at('-')) ++at_;
  if (at('0')) {
    ++at_;
  } else if (!digits()) {
    return fail();
  }
  if (at('.')) {
    ++at_;
    if (!digits()) return fail();
  }
  if (at('e') || at('E')) {
    ++at_;
    if (at('+') || at('-')) ++at_;
    if (!digits()) return fail();
  }
  raw = text_.substr(begin, at_ - begin);
  return true;
}

bool JsonCursor::read_integer(std::int64_t& out) {
  std::string_view raw;
  if (peek() != Kind::number || !scan_number(raw)) return fail();
  const char* end = raw.data() + raw.size();
  if (const auto read = std::from_chars(raw.data(), end, out);
      read.ec == std::errc() && read.ptr == end) {
    return true;
  }
  double value = 0;
  const auto read = std::from_chars(raw.data(), end, value);
  // Out of the range of a double: huge unless the exponent is negative.
  if (read.ec != std::errc()) {
    value = raw.find("e-") != raw.npos || raw.find("E-") != raw.npos ? 0.0
            : raw.front() == '-'                                     ? -HUGE_VAL
                                                                     : HUGE_VAL;
  }
  constexpr double kLimit = 9.2e18;
  out = value >= kLimit    ? INT64_MAX
        : value <= -kLimit ? INT64_MIN
                           : static_cast<std::int64_t>(value);
  return true;
}

bool JsonCursor::literal(std::string_view word) {
  skip_space();
  if (text_.substr(at_, word.size()) != word) return fail();
  at_ += word.size();
  return true;
}

bool JsonCursor::read_bool(bool& out) {
  if (peek() != Kind::boolean) return fail();
  out = text_[at_] == 't';
  return literal(out ? "true" : "false");
}

bool JsonCursor::skip() {
  std::string_view ignored;
  switch (peek()) {
    case Kind::object:
      enter_object();
      while (next_key(ignored)) skip();
      return ok_;
    case Kind::array:
      enter_array();
      while (next_element()) skip();
      return ok_;
    case Kind::string:
      return scan_string(nullptr, nullptr);
    case Kind::number:
      return scan_number(ignored);
    case Kind::boolean:
      return literal(text_[at_] == 't' ? "true" : "false");
    case Kind::null:
      return literal("null");
    case Kind::none:
      return fail();
  }
  return fail();
}

bool JsonCursor::skip(std::string_view& raw) {
  if (!ok_) return false;
  skip_space();
  const std::size_t begin = at_;
  if (!skip()) return false;
  raw = text_.substr(begin, at_ - begin);
  return true;
}

bool JsonCursor::finish() {
  if (!ok_ || depth_ != 0) return fail();
  skip_space();
  return at_ == text_.size() || fail();
}

}  // namespace pareto
