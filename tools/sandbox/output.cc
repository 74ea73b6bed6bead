#include "tools/sandbox/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pareto::sandbox {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
// A longer line is passed on as it comes; overwriting it later can't be undone.
constexpr std::size_t kMaxLine = 8 * 1024;
// No real sequence is longer; the rest is text again.
constexpr std::size_t kMaxEscape = 4 * 1024;

constexpr unsigned char kEscape = 0x1b;
constexpr unsigned char kBell = 0x07;

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int c = 0x20; c < 0x7F; ++c) plain[static_cast<std::size_t>(c)] = true;
  plain['\n'] = true;
  plain['\t'] = true;
  return plain;
}();

// How many bytes at the front are simply text. By pointer, for builds that don't optimise.
std::size_t plain_run(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  const bool* const plain = kPlain.data();
  while (at != end && plain[static_cast<unsigned char>(*at)]) ++at;
  return static_cast<std::size_t>(at - bytes.data());
}

bool continues(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// Bytes of the sequence that starts so; 0 if none does.
std::size_t sequence_length(unsigned char lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// Rules out overlong forms, surrogates and values past U+10FFFF.
bool second_byte_fits(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0;
    case 0xED:
      return second <= 0x9F;
    case 0xF0:
      return second >= 0x90;
    case 0xF4:
      return second <= 0x8F;
    default:
      return true;
  }
}

}  // namespace

void OutputFilter::feed(std::string_view bytes, std::string& out) {
  while (!bytes.empty()) {
    const std::size_t plain =
        mode_ == Mode::text && have_ == 0 && !returned_ ? plain_run(bytes) : 0;
    if (plain > 0) {
      run(bytes.substr(0, plain), out);
      bytes.remove_prefix(plain);
    } else {
      byte(static_cast<unsigned char>(bytes.front()), out);
      bytes.remove_prefix(1);
    }
  }
}

// What needs no thought, at once: a command may print a gigabyte of it.
void OutputFilter::run(std::string_view bytes, std::string& out) {
  replaced_ = false;
  const std::size_t lines = bytes.rfind('\n') + 1;  // npos + 1 is 0
  if (lines > 0) {
    out += line_;
    out += bytes.substr(0, lines);
    line_.clear();
  }
  line_ += bytes.substr(lines);
  if (line_.size() < kMaxLine) return;
  out += line_;
  line_.clear();
}

void OutputFilter::finish(std::string& out) {
  if (have_ > 0) malformed(out);
  out += line_;
  line_.clear();
}

void OutputFilter::byte(unsigned char byte, std::string& out) {
  if (mode_ == Mode::text) {
    text_byte(byte, out);
  } else {
    escape_byte(byte, out);
  }
}

void OutputFilter::text_byte(unsigned char byte, std::string& out) {
  if (have_ > 0) {
    if (continues(byte) && (have_ > 1 || second_byte_fits(partial_[0], byte))) {
      partial_[have_++] = byte;
      if (have_ == want_) {
        const std::size_t size = std::exchange(have_, 0);
        character({reinterpret_cast<const char*>(partial_), size}, out);
      }
      return;
    }
    malformed(out);
  }
  if (byte == kEscape) {
    mode_ = Mode::escape;
    escape_length_ = 0;
  } else if (byte == '\r') {
    returned_ = true;
  } else if (byte == '\b') {
    while (!line_.empty() && continues(static_cast<unsigned char>(line_.back()))) line_.pop_back();
    if (!line_.empty()) line_.pop_back();
  } else if (kPlain[byte]) {
    const char one = static_cast<char>(byte);
    character({&one, 1}, out);
  } else if (byte >= 0x80) {
    want_ = sequence_length(byte);
    if (want_ == 0) {
      malformed(out);
    } else {
      partial_[0] = byte;
      have_ = 1;
    }
  }
}

void OutputFilter::escape_byte(unsigned char byte, std::string& out) {
  if (++escape_length_ > kMaxEscape) {
    mode_ = Mode::text;
    return text_byte(byte, out);
  }
  switch (mode_) {
    case Mode::text:
      break;
    case Mode::escape:
      if (byte == '[') {
        mode_ = Mode::sequence;
      } else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_') {
        mode_ = Mode::string;
      } else if (byte < 0x20 || byte > 0x2F) {  // else an intermediate byte; one more follows
        mode_ = Mode::text;
        if (byte < 0x20 || byte > 0x7E) text_byte(byte, out);  // it was a lone escape
      }
      break;
    case Mode::sequence:  // parameters 0x30-0x3F, intermediates 0x20-0x2F, one final byte
      if (byte < 0x20 || byte > 0x3F) {
        mode_ = Mode::text;
        if (byte < 0x40 || byte > 0x7E) text_byte(byte, out);
      }
      break;
    case Mode::string:  // ends with a bell or ESC backslash; no such string crosses a line
      if (byte == kBell) {
        mode_ = Mode::text;
      } else if (byte == kEscape) {
        mode_ = Mode::string_escape;
      } else if (byte == '\n') {
        mode_ = Mode::text;
        text_byte(byte, out);
      }
      break;
    case Mode::string_escape:
      mode_ = Mode::text;
      if (byte != '\\') text_byte(byte, out);
      break;
  }
}

void OutputFilter::character(std::string_view bytes, std::string& out) {
  const bool newline = bytes == "\n";
  if (returned_) {
    returned_ = false;
    if (!newline) line_.clear();
  }
  replaced_ = false;
  line_ += bytes;
  if (newline || line_.size() >= kMaxLine) {
    out += line_;
    line_.clear();
  }
}

void OutputFilter::malformed(std::string& out) {
  have_ = 0;
  if (replaced_ && !returned_) return;
  character(kReplacement, out);
  replaced_ = true;
}

BoundedText::BoundedText(std::size_t head, std::size_t tail) : head_size_(head), tail_size_(tail) {}

void BoundedText::append(std::string_view text) {
  total_ += text.size();
  const std::size_t to_head = std::min(text.size(), head_size_ - head_.size());
  head_ += text.substr(0, to_head);
  text.remove_prefix(to_head);
  if (text.size() >= tail_size_) {
    tail_ = text.substr(text.size() - tail_size_);
    return;
  }
  tail_ += text;
  if (tail_.size() >= 2 * tail_size_) tail_.erase(0, tail_.size() - tail_size_);
}

bool BoundedText::cut() const { return total_ > head_size_ + tail_size_; }

std::string BoundedText::text() const {
  if (!cut()) return head_ + tail_;
  // The text goes on after the head, so a last character may lack its end, and likewise the tail.
  std::string_view head = head_;
  std::size_t start = head.size();
  while (start > 0 && continues(static_cast<unsigned char>(head[start - 1]))) --start;
  if (start > 0) {
    const auto lead = static_cast<unsigned char>(head[start - 1]);
    if (lead >= 0x80 && head.size() - (start - 1) < sequence_length(lead)) {
      head = head.substr(0, start - 1);
    }
  }
  std::string_view tail = tail_;
  tail.remove_prefix(tail.size() - std::min(tail.size(), tail_size_));
  while (!tail.empty() && continues(static_cast<unsigned char>(tail.front()))) {
    tail.remove_prefix(1);
  }
  return fmt::format("{}\n[... {} bytes left out ...]\n{}", head,
                     total_ - head.size() - tail.size(), tail);
}

void BoundedOutput::append(std::string_view bytes) {
  scratch_.clear();
  filter_.feed(bytes, scratch_);
  text_.append(scratch_);
}

void BoundedOutput::finish() {
  scratch_.clear();
  filter_.finish(scratch_);
  text_.append(scratch_);
}

}  // namespace pareto::sandbox
