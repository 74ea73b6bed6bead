// A response body gives the same reply whatever way it is cut. The first two bytes choose the cuts.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/models/chat_decoder.h"
#include "agent/models/chat_dialect.h"

namespace {

using pareto::ChatBounds;
using pareto::ChatDecoder;
using pareto::ChatReply;
using pareto::Delta;
using pareto::ToolDialect;

constexpr std::int64_t kMaxTokens = 16;

ChatReply decode(std::string_view bytes, std::size_t first, std::size_t step, std::string& heard) {
  ChatDecoder decoder(ChatBounds::of(kMaxTokens), [&heard](const Delta& delta) {
    if (delta.kind == Delta::Kind::text) heard += delta.text;
  });
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, first);
    decoder.feed(piece);
    bytes.remove_prefix(piece.size());
    first = step;
  }
  decoder.end();
  return decoder.take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string heard_whole;
  std::string heard_cut;
  const ChatReply whole = decode(bytes, bytes.size(), bytes.size(), heard_whole);
  ChatReply cut = decode(bytes, data[0] + 1U, data[1] + 1U, heard_cut);
  if (!(whole == cut) || heard_whole != heard_cut || heard_whole != whole.text) std::abort();
  // Any reply can be read in any dialect.
  for (const ToolDialect dialect : {ToolDialect::native, ToolDialect::schema, ToolDialect::text}) {
    ChatReply copy = whole;
    pareto::read_reply(copy, dialect, true, 1);
    const auto listener = pareto::dialect_deltas([](const Delta&) {}, dialect, true);
    listener({Delta::Kind::text, cut.text});
  }
  return 0;
}
