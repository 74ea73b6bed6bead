#include "agent/models/chat_decoder.h"

#include <fmt/format.h>

#include <utility>

#include "agent/models/json_cursor.h"
#include "agent/models/provider_error.h"

namespace pareto {
namespace {

constexpr std::size_t kHeadBytes = 256;

}  // namespace

ChatDecoder::ChatDecoder(ChatBounds bounds, DeltaHandler on_delta)
    : bounds_(bounds), stream_(bounds, std::move(on_delta)), events_(bounds.stream_bytes) {}

void ChatDecoder::remember(std::string_view bytes) {
  if (head_.size() < kHeadBytes) head_ += bytes.substr(0, kHeadBytes - head_.size());
}

bool ChatDecoder::feed(std::string_view bytes) {
  if (stream_.over()) return false;
  if (!stream_.started()) remember(bytes);
  if (form_ == Form::unknown) {
    const std::size_t first = bytes.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return true;
    form_ = bytes[first] == '{' ? Form::object : Form::events;
    // Whatever way it is cut: a piece of blanks alone was left out above.
    bytes.remove_prefix(first);
  }
  if (form_ == Form::object) {
    object_ += bytes;
    if (object_.size() <= bounds_.stream_bytes) return true;
    stream_.end({ErrorCode::limit,
                 fmt::format("the reply was cut: it went past {} bytes", bounds_.stream_bytes)});
    return false;
  }
  const auto fed =
      events_.feed(bytes, [this](const SseEvent& event) { stream_.feed(event.data, event.type); });
  if (!fed) stream_.end(fed.error());
  return !stream_.over();
}

// Some servers end without the blank line that completes the last event. It counts if it is whole;
// half of one means that the connection was cut.
void ChatDecoder::flush_events() {
  const auto take_whole = [this](const SseEvent& event) {
    JsonCursor json(event.data);
    const bool whole = event.data == "[DONE]" || (json.skip() && json.finish());
    if (whole) stream_.feed(event.data, event.type);
  };
  // Its errors are of no interest: the stream is judged by what came.
  (void)events_.feed("\n\n", take_whole);
}

void ChatDecoder::end() {
  if (form_ == Form::object && !stream_.over()) stream_.feed(object_);
  if (form_ == Form::events && !stream_.over()) flush_events();
  if (!stream_.over() && !stream_.started() && !head_.empty()) {
    stream_.end({ErrorCode::protocol,
                 fmt::format("expected a chat completion; the server sent: {}", excerpt(head_))});
  }
  stream_.end();
}

void ChatDecoder::end(Error error) { stream_.end(std::move(error)); }

}  // namespace pareto
