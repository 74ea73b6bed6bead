#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/io/sse.h"

namespace pareto::fakes {

struct OwnedSseEvent {
  std::string type;
  std::string data;
  std::string id;

  friend bool operator==(const OwnedSseEvent&, const OwnedSseEvent&) = default;
};

struct SseReading {
  std::vector<OwnedSseEvent> events;
  bool over = false;  // a limit was passed
  std::optional<std::uint64_t> retry_ms;
  std::string last_id;

  friend bool operator==(const SseReading&, const SseReading&) = default;
};

// Reads a whole stream at once, by the letter of the standard: the slow, obvious way.
class SseOracle {
 public:
  explicit SseOracle(std::size_t limit) : limit_(limit) {}

  SseReading read(std::string_view bytes) {
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    std::string line;
    for (std::size_t i = 0; i < bytes.size() && !reading_.over; ++i) {
      if (bytes[i] == '\r' || bytes[i] == '\n') {
        if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n') ++i;
        take(line);
        line.clear();
      } else {
        line += bytes[i];
        if (line.size() > limit_) reading_.over = true;
      }
    }
    return reading_;
  }

 private:
  void take(const std::string& line) {
    if (line.empty()) return dispatch();
    if (line[0] == ':') return;
    const std::size_t colon = line.find(':');
    const std::string name = line.substr(0, colon);
    std::string value = colon == std::string::npos ? "" : line.substr(colon + 1);
    if (!value.empty() && value[0] == ' ') value.erase(0, 1);
    if (name == "event") type_ = value;
    if (name == "data") data_ += value + "\n";
    if (name == "id" && value.find('\0') == std::string::npos) id_ = value;
    if (name == "retry") retry(value);
    if (data_.size() > limit_ + 1) reading_.over = true;
  }

  void retry(const std::string& value) {
    if (value.empty() || value.find_first_not_of("0123456789") != std::string::npos) return;
    std::uint64_t ms = 0;
    for (const char digit : value) {
      const auto step = static_cast<std::uint64_t>(digit - '0');
      if (ms > (UINT64_MAX - step) / 10) return;
      ms = ms * 10 + step;
    }
    reading_.retry_ms = ms;
  }

  void dispatch() {
    reading_.last_id = id_;
    if (!data_.empty()) {
      data_.pop_back();
      reading_.events.push_back({type_.empty() ? "message" : type_, data_, id_});
    }
    data_.clear();
    type_.clear();
  }

  std::size_t limit_;
  SseReading reading_;
  std::string type_;
  std::string data_;
  std::string id_;
};

// What the parser makes of the same bytes, cut at the given sizes (the last one repeats).
inline SseReading parse_in_pieces(std::string_view bytes, const std::vector<std::size_t>& sizes,
                                  std::size_t limit) {
  SseParser parser(limit);
  SseReading reading;
  std::size_t turn = 0;
  while (!bytes.empty()) {
    const std::size_t wanted = sizes[std::min(turn++, sizes.size() - 1)];
    const std::size_t size = std::min(wanted, bytes.size());
    // A copy of its own, so that a view that outlives its chunk is found by AddressSanitizer.
    const std::string chunk(bytes.substr(0, size));
    bytes.remove_prefix(size);
    const auto fed = parser.feed(chunk, [&reading](const SseEvent& event) {
      reading.events.push_back(
          {std::string(event.type), std::string(event.data), std::string(event.id)});
    });
    reading.over = !fed;
    if (!fed) break;
  }
  reading.retry_ms = parser.retry_ms();
  reading.last_id = std::string(parser.last_id());
  return reading;
}

}  // namespace pareto::fakes
