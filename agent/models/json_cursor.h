#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/core/json_text.h"

namespace pareto {

// A forward reader of one JSON text (RFC 8259) that builds nothing: for streams, where a value is
// looked at once and most of it is skipped. Differs from the standard in what providers get wrong:
// bytes that are no UTF-8 and lone surrogates pass through strings, since a character may be cut
// between two texts. Nesting is bounded by kMaxJsonDepth. After an error every call fails.
//
//   JsonCursor json(text);
//   std::string_view key;
//   json.enter_object();
//   while (json.next_key(key)) {
//     if (key == "name") json.read_string(name); else json.skip();
//   }
//   if (!json.finish()) ...
class JsonCursor {
 public:
  enum class Kind { object, array, string, number, boolean, null, none };

  explicit JsonCursor(std::string_view text) : text_(text) {}

  // The kind of the value that comes next; none after an error or at the end.
  Kind peek();

  // False, and nothing is consumed, when something else comes next.
  bool enter_object();
  bool enter_array();
  // Moves to the next member or element, which the caller must read or skip. False behind the last
  // one, which leaves the object or array, and after an error. `key` is valid until the next call.
  bool next_key(std::string_view& key);
  bool next_element();

  // Appends the decoded string.
  bool read_string(std::string& out);
  // A number, rounded towards zero and clamped to the range.
  bool read_integer(std::int64_t& out);
  bool read_bool(bool& out);
  // Skips any value; `raw` is its text.
  bool skip();
  bool skip(std::string_view& raw);

  bool ok() const { return ok_; }
  // What has not been read, beginning with the next value.
  std::string_view rest() const { return text_.substr(at_); }
  // Whether the text was one whole value followed by white space only.
  bool finish();

 private:
  void skip_space();
  bool fail();
  bool take(char c);
  bool literal(std::string_view word);
  bool scan_number(std::string_view& raw);
  bool scan_string(std::string* out, std::string_view* raw);
  bool escape(std::string* out);
  bool hex4(char32_t& unit);
  bool enter(char open);
  bool next(char close);

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::uint64_t started_ = 0;  // bit per depth: the first member was read
  bool ok_ = true;
  std::string key_;  // a key that had escapes
};

}  // namespace pareto
