#include "apps/report/markup.h"

#include "tools/output.h"

namespace pareto::reporting {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::string_view reference(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return "";
  }
}

// The length of a character that is not shown as it is, 0 for others. `text` is valid UTF-8.
std::size_t unwanted(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  if ((byte(0) < 0x20 && text[0] != '\n' && text[0] != '\t') || byte(0) == 0x7F) return 1;
  if (byte(0) == 0xC2 && byte(1) < 0xA0) return 2;                      // U+0080 to U+009F
  if (byte(0) == 0xEF && byte(1) == 0xBF && byte(2) >= 0xBE) return 3;  // U+FFFE, U+FFFF
  if (byte(0) == 0xE2 && byte(1) == 0x80 && byte(2) >= 0xAA && byte(2) <= 0xAE) return 3;
  if (byte(0) == 0xE2 && byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9) return 3;
  return 0;
}

}  // namespace

std::string escape(std::string_view text) {
  const std::string valid = to_valid_utf8(text);
  std::string result;
  result.reserve(valid.size() + valid.size() / 8);
  for (std::size_t i = 0; i < valid.size();) {
    if (const std::size_t length = unwanted(std::string_view(valid).substr(i)); length > 0) {
      result += kReplacement;
      i += length;
      continue;
    }
    const std::string_view written = reference(valid[i]);
    written.empty() ? result += valid[i] : result += written;
    ++i;
  }
  return result;
}

}  // namespace pareto::reporting
