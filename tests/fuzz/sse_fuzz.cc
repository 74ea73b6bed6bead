#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "tests/agent/io/sse_oracle.h"

// The first bytes say where to cut and how small the limit is; the rest is the stream.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kCuts = 4;
  if (size <= kCuts) return 0;
  // At least the size of a byte order mark: half of one at the end of a stream is no line.
  const std::size_t limit = data[0] < 128 ? 1024 : data[0] - 125U;
  std::vector<std::size_t> sizes;
  for (std::size_t i = 1; i < kCuts; ++i) sizes.push_back(1U + data[i]);
  const std::string_view stream(reinterpret_cast<const char*>(data) + kCuts, size - kCuts);
  const auto expected = pareto::fakes::SseOracle(limit).read(stream);
  if (pareto::fakes::parse_in_pieces(stream, sizes, limit) != expected) std::abort();
  return 0;
}
