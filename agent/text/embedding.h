#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace pareto {

inline constexpr std::size_t kEmbeddingSize = 256;
// Name and version: vectors of different names must never be compared.
inline constexpr std::string_view kEmbeddingName = "char-3-5-grams/256/1";

using Embedding = std::array<float, kEmbeddingSize>;

// The built-in embedding, made without weights: every character n-gram is hashed to one place and
// one sign (Weinberger et al. 2009, "Feature hashing"), weighted by 1 + ln(count), and the sum is
// scaled to length 1. All zeros for a text without characters. The same on every machine.
Embedding embed(std::string_view text);

// The cosine of two embeddings, -1 to 1; 0 when one is all zeros.
double cosine(const Embedding& a, const Embedding& b);

}  // namespace pareto
