#include "apps/cli/terminal_text.h"

#include <unistd.h>

namespace pareto {

std::string terminal_text(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) continue;
    // U+0080 to U+009F in UTF-8; some terminals take them for escape sequences.
    const bool c1 = byte == 0xC2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) {
      ++i;
      continue;
    }
    shown += text[i];
  }
  return shown;
}

std::string text_for(std::FILE* stream, const std::string& text) {
  return isatty(fileno(stream)) != 0 ? terminal_text(text) : text;
}

}  // namespace pareto
