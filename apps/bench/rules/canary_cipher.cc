#include "apps/bench/rules/canary_cipher.h"

#include <array>
#include <cstdint>

#include "tools/digest.h"

namespace pareto {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Result<std::string> from_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t digits = 0;
  const std::size_t end = std::min(text.find('='), text.size());
  for (const char c : text.substr(0, end)) {
    const std::size_t value = kDigits.find(c);
    if (value == std::string_view::npos) {
      return fail(ErrorCode::invalid, "expected base64; found another character");
    }
    ++digits;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes += static_cast<char>((bits >> held) & 0xff);
    }
  }
  const bool padded = text.substr(end).find_first_not_of('=') == std::string_view::npos;
  if (!padded || text.size() % 4 != 0 || digits % 4 == 1) {
    return fail(ErrorCode::invalid, "expected base64; its length or its end is wrong");
  }
  return bytes;
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t bits = 0;
    const std::size_t taken = std::min<std::size_t>(3, bytes.size() - at);
    for (std::size_t i = 0; i < 3; ++i) {
      bits = (bits << 8) | (i < taken ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= taken ? kDigits[(bits >> (18 - 6 * i)) & 63] : '=';
    }
  }
  return text;
}

std::string mixed(std::string text, std::string_view canary) {
  const std::string digest = sha256(canary);
  std::array<unsigned char, 32> key{};
  for (std::size_t i = 0; i < key.size(); ++i) {
    key[i] = static_cast<unsigned char>(std::stoi(digest.substr(2 * i, 2), nullptr, 16));
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = static_cast<char>(static_cast<unsigned char>(text[i]) ^ key[i % key.size()]);
  }
  return text;
}

}  // namespace

Result<std::string> open_with_canary(std::string_view sealed, std::string_view canary) {
  auto bytes = from_base64(sealed);
  if (!bytes) return bytes;
  return mixed(std::move(*bytes), canary);
}

std::string seal_with_canary(std::string_view text, std::string_view canary) {
  return to_base64(mixed(std::string(text), canary));
}

}  // namespace pareto
