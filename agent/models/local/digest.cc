#include "agent/models/local/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>
#include <vector>

namespace pareto {
namespace {

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Result<std::string> finish(EVP_MD_CTX* context) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_DigestFinal_ex(context, digest.data(), &length) != 1) {
    return fail(ErrorCode::internal, "OpenSSL could not finish a SHA-256");
  }
  std::string text;
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

}  // namespace

Result<std::string> sha256_of_file(const std::string& path,
                                   const std::function<void(std::int64_t)>& progress) {
  constexpr std::size_t kBlock = 1 << 20;
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
    return fail(ErrorCode::internal, "OpenSSL offers no SHA-256");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::not_found, fmt::format("can't read {}", path));
  std::vector<char> block(kBlock);
  std::int64_t total = 0;
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    const auto count = static_cast<std::size_t>(file.gcount());
    if (count == 0) break;
    if (EVP_DigestUpdate(context.get(), block.data(), count) != 1) {
      return fail(ErrorCode::internal, "OpenSSL could not continue a SHA-256");
    }
    total += static_cast<std::int64_t>(count);
    if (progress) progress(total);
  }
  if (file.bad()) return fail(ErrorCode::internal, fmt::format("reading {} failed", path));
  return finish(context.get());
}

}  // namespace pareto
