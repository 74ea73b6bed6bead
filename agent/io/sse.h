#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/result.h"

namespace pareto {

// One server-sent event. Views are valid while the sink is being called.
struct SseEvent {
  std::string_view type;  // "message" when the stream names none
  std::string_view data;  // its lines joined by \n
  std::string_view id;    // the last id of the stream so far

  friend bool operator==(const SseEvent&, const SseEvent&) = default;
};

// Incremental parser of an event stream (WHATWG HTML, section 9.2.6 "Interpreting an event
// stream"). Chunks may be cut anywhere, also inside a line end or a UTF-8 sequence. An event whose
// lines lie in one chunk is not copied, unless it has several data lines. UTF-8 is passed through
// unchecked. An event that the stream leaves unfinished is dropped, as the standard says.
class SseParser {
 public:
  static constexpr std::size_t kLimit = std::size_t{8} << 20;

  // `limit`: bytes of one line, and of the data of one event.
  explicit SseParser(std::size_t limit = kLimit) : limit_(limit) {}
  SseParser(const SseParser&) = delete;
  SseParser& operator=(const SseParser&) = delete;

  // Calls `sink(const SseEvent&)` for every event that ends within `chunk`. The sink must not call
  // or destroy the parser. An error (ErrorCode::limit) is final: later chunks give it again.
  template <class Sink>
  Result<void> feed(std::string_view chunk, Sink&& sink) {
    begin(chunk);
    SseEvent event;
    while (next(event)) sink(static_cast<const SseEvent&>(event));
    return finish();
  }

  // What the stream last asked for; for a client that reconnects.
  std::optional<std::uint64_t> retry_ms() const { return retry_ms_; }
  std::string_view last_id() const { return id_; }

 private:
  void begin(std::string_view chunk);
  // The next event of `rest_`; false when it is used up or the limit is passed.
  bool next(SseEvent& event);
  Result<void> finish();
  void skip_byte_order_mark();
  bool take_line(std::string_view& line);
  std::size_t line_end() const;
  void field(std::string_view line);
  void add_data(std::string_view value);
  bool dispatch(SseEvent& event);
  void begin_event();
  void keep_views();

  // A text that is a view into the chunk for as long as possible.
  struct Text {
    std::string_view view;
    std::string owned;
    bool copied = false;

    void keep() {
      if (copied) return;
      owned.assign(view);
      view = owned;
      copied = true;
    }
  };

  std::size_t limit_;
  std::string_view rest_;  // what is left of the chunk being fed
  std::string line_;       // an unfinished line of earlier chunks
  Text data_;
  Text type_;
  std::string id_buffer_;  // becomes `id_` with the event
  std::string id_;
  std::optional<std::uint64_t> retry_ms_;
  std::size_t mark_ = 0;   // bytes of a byte order mark seen at the start
  bool after_cr_ = false;  // the last byte was \r: a \n belongs to it
  bool chunk_has_cr_ = false;
  bool line_handed_out_ = false;
  bool event_handed_out_ = false;
  bool has_data_ = false;
  bool id_changed_ = false;
  bool over_ = false;
};

}  // namespace pareto
