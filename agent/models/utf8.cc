#include "agent/models/utf8.h"

#include <array>
#include <cstdint>

namespace pareto {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

unsigned char byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

// What a lead byte promises; 0 for a byte that leads nothing.
std::size_t promised_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

bool continues(std::string_view bytes, std::size_t i) {
  return i < bytes.size() && (byte_at(bytes, i) & 0xC0) == 0x80;
}

// Decodes the sequence at `i`, surrogates included; length 0 when there is none.
struct Sequence {
  char32_t code_point = 0;
  std::size_t length = 0;
};

Sequence sequence_at(std::string_view bytes, std::size_t i) {
  const unsigned char lead = byte_at(bytes, i);
  const std::size_t length = promised_length(lead);
  if (length <= 1) return {lead, length};
  char32_t code_point = lead & (0x7F >> length);
  for (std::size_t k = 1; k < length; ++k) {
    if (!continues(bytes, i + k)) return {};
    code_point = (code_point << 6) | (byte_at(bytes, i + k) & 0x3F);
  }
  constexpr std::array<char32_t, 5> kLowest{0, 0, 0x80, 0x800, 0x10000};
  if (code_point < kLowest[length] || code_point > 0x10FFFF) return {};
  return {code_point, length};
}

bool is_high_surrogate(char32_t c) { return c >= 0xD800 && c <= 0xDBFF; }
bool is_low_surrogate(char32_t c) { return c >= 0xDC00 && c <= 0xDFFF; }

// How many bytes one replacement stands for: the longest beginning of a character (Unicode, section
// 3.9, "substitution of maximal subparts"), which is what browsers do.
std::size_t broken_length(std::string_view bytes, std::size_t i) {
  const unsigned char lead = byte_at(bytes, i);
  const std::size_t promised = promised_length(lead);
  if (promised < 2 || !continues(bytes, i + 1)) return 1;
  const unsigned char second = byte_at(bytes, i + 1);
  const bool possible = !(lead == 0xE0 && second < 0xA0) && !(lead == 0xED && second > 0x9F) &&
                        !(lead == 0xF0 && second < 0x90) && !(lead == 0xF4 && second > 0x8F);
  if (!possible) return 1;
  std::size_t length = 2;
  while (length < promised && continues(bytes, i + length)) ++length;
  return length;
}

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\' && byte != 0x7F;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      if (c == 0x7F) {
        out += c;
        return;
      }
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 0xF];
  }
}

}  // namespace

void append_valid_utf8(std::string& out, std::string_view bytes) {
  std::size_t good = 0;  // start of what is still to be copied as it is
  std::size_t i = 0;
  while (i < bytes.size()) {
    if (byte_at(bytes, i) < 0x80) {
      ++i;
      continue;
    }
    const Sequence here = sequence_at(bytes, i);
    const bool surrogate = is_high_surrogate(here.code_point) || is_low_surrogate(here.code_point);
    if (here.length != 0 && !surrogate) {
      i += here.length;
      continue;
    }
    out.append(bytes.substr(good, i - good));
    if (is_high_surrogate(here.code_point) && i + 3 < bytes.size()) {
      const Sequence next = sequence_at(bytes, i + 3);
      if (next.length == 3 && is_low_surrogate(next.code_point)) {
        append_code_point(
            out, 0x10000 + ((here.code_point - 0xD800) << 10) + (next.code_point - 0xDC00));
        good = i += 6;
        continue;
      }
    }
    out += kReplacement;
    // Half a surrogate pair is one lost character, not three lost bytes.
    good = i += surrogate ? 3 : broken_length(bytes, i);
  }
  out.append(bytes.substr(good));
}

std::string valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  append_valid_utf8(out, bytes);
  return out;
}

std::size_t complete_utf8(std::string_view bytes) {
  const std::size_t size = bytes.size();
  // A high surrogate waits for its other half, also when that half has begun to come.
  for (std::size_t back = 3; back <= 5 && back <= size; ++back) {
    const Sequence last = sequence_at(bytes, size - back);
    if (last.length == 3 && is_high_surrogate(last.code_point)) {
      if (back == 3 || byte_at(bytes, size - back + 3) == 0xED) return size - back;
      break;
    }
  }
  for (std::size_t back = 1; back <= 3 && back <= size; ++back) {
    const unsigned char byte = byte_at(bytes, size - back);
    if ((byte & 0xC0) == 0x80) continue;
    return promised_length(byte) > back ? size - back : size;
  }
  return size;
}

void append_code_point(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

void append_json_string_body(std::string& out, std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t start = i;
    while (i < text.size() && is_plain(text[i])) ++i;
    out.append(text.substr(start, i - start));
    if (i == text.size()) return;
    if (byte_at(text, i) < 0x80) {
      append_escape(out, text[i++]);
      continue;
    }
    const std::size_t wide = i;
    while (i < text.size() && byte_at(text, i) >= 0x80) ++i;
    append_valid_utf8(out, text.substr(wide, i - wide));
  }
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  append_json_string_body(out, text);
  out += '"';
}

}  // namespace pareto
