#include "agent/text/embedding.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "agent/text/ngrams.h"

namespace pareto {

Embedding embed(std::string_view text) {
  std::vector<std::uint64_t> hashes = ngram_hashes(text);
  std::sort(hashes.begin(), hashes.end());
  std::array<double, kEmbeddingSize> sums{};
  for (std::size_t i = 0; i < hashes.size();) {
    std::size_t end = i + 1;
    while (end < hashes.size() && hashes[end] == hashes[i]) ++end;
    const double weight = 1 + std::log(static_cast<double>(end - i));
    const bool negative = (hashes[i] >> 63) != 0;
    sums[hashes[i] % kEmbeddingSize] += negative ? -weight : weight;
    i = end;
  }
  double squares = 0;
  for (const double sum : sums) squares += sum * sum;
  Embedding embedding{};
  if (squares == 0) return embedding;
  const double scale = 1 / std::sqrt(squares);
  for (std::size_t i = 0; i < kEmbeddingSize; ++i) {
    embedding[i] = static_cast<float>(sums[i] * scale);
  }
  return embedding;
}

double cosine(const Embedding& a, const Embedding& b) {
  double product = 0;
  double squares_a = 0;
  double squares_b = 0;
  for (std::size_t i = 0; i < kEmbeddingSize; ++i) {
    product += static_cast<double>(a[i]) * b[i];
    squares_a += static_cast<double>(a[i]) * a[i];
    squares_b += static_cast<double>(b[i]) * b[i];
  }
  if (squares_a == 0 || squares_b == 0) return 0;
  return std::clamp(product / std::sqrt(squares_a * squares_b), -1.0, 1.0);
}

}  // namespace pareto
