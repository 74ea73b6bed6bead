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

  // Calls `sink(const SseEvent&)` for every event that ends within `chunk`. The sink must not call
  // or destroy the parser. An error (ErrorCode::limit) is final: later chunks give it again.
  template <class Sink>
  Result<void> feed(std::string_view chunk, Sink&& sink) {
    rest_ = chunk;
    SseEvent event;
    while (next(event)) sink(static_cast<const SseEvent&>(event));
    return finish();
  }

  // What the stream last asked for; for a client that reconnects.
  std::optional<std::uint64_t> retry_ms() const { return retry_ms_; }
  std::string_view last_id() const { return id_; }

 private:
  // The next event of `rest_`; false when it is used up or the limit is passed.
  bool next(SseEvent& event);
  Result<void> finish();
  bool take_line(std::string_view& line);
  void skip_byte_order_mark();
  void field(std::string_view line);
  void add_data(std::string_view value);
  void stash();

  std::size_t limit_;
  std::string_view rest_;  // what is left of the chunk being fed
  std::string line_;       // an unfinished line of earlier chunks
  std::string data_;       // data that had to be copied
  std::string type_;
  std::string id_;
  std::string_view data_view_;  // data that lies within the chunk
  std::string_view type_view_;
  std::optional<std::uint64_t> retry_ms_;
  std::size_t mark_ = 0;     // bytes of a byte order mark seen at the start; 3: past it
  bool after_cr_ = false;    // the last byte was \r: a \n belongs to it
  bool line_taken_ = false;  // line_ holds a line that was handed out
  bool has_data_ = false;
  bool over_ = false;
};

}  // namespace pareto
