#include "tools/output.h"

#include <fmt/format.h>

#include <cstdint>

namespace pareto {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Length of the character that starts at `text[0]`, or 0 if there is no valid one.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  std::uint32_t code = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2, code = first & 0x1F;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3, code = first & 0x0F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4, code = first & 0x07;
  } else {
    return 0;
  }
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(text[i])) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  if (length == 3 && (code < 0x800 || (code >= 0xD800 && code <= 0xDFFF))) return 0;
  if (length == 4 && (code < 0x10000 || code > 0x10FFFF)) return 0;
  return length;
}

}  // namespace

std::string_view utf8_prefix(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  while (end > 0 && bytes - end < 4 && continues(text[end])) --end;
  return text.substr(0, continues(text[end]) ? bytes : end);
}

std::string_view utf8_suffix(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  const std::size_t start = text.size() - bytes;
  std::size_t at = start;
  while (at < text.size() && at - start < 4 && continues(text[at])) ++at;
  return text.substr(at);
}

std::string clip_output(std::string_view text, std::size_t head, std::size_t tail) {
  if (text.size() <= head + tail) return std::string(text);
  const std::string_view first = utf8_prefix(text, head);
  const std::string_view last = utf8_suffix(text, tail);
  return fmt::format("{}\n[... {} bytes left out ...]\n{}", first,
                     text.size() - first.size() - last.size(), last);
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_length(text.substr(i));
    if (length == 0) return false;
    i += length;
  }
  return true;
}

std::string to_valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_length(text.substr(i));
    if (length == 0) {
      valid += "\xEF\xBF\xBD";
      ++i;
    } else {
      valid += text.substr(i, length);
      i += length;
    }
  }
  return valid;
}

bool looks_binary(std::string_view content) {
  return content.substr(0, 8'000).contains('\0') || !is_valid_utf8(content);
}

std::string one_line(std::string_view text, std::size_t bytes) {
  std::string line;
  for (const char c : utf8_prefix(text, bytes)) {
    line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  if (text.size() > bytes) line += "...";
  return line;
}

}  // namespace pareto
